// RoomServer: the public face of a ServerDriver.
#include <sidetone/room_server.hpp>

#include "shell/server_driver.hpp"

namespace sidetone {
inline namespace v0 {

RoomServer::RoomServer(Runtime& runtime, const RoomServerOptions& options) {
  auto driver = shell::ServerDriver::create(runtime.loop(), options);
  auto* plain = driver.get();
  // The last handle stops the server; it lives on until its strand has done so.
  driver_ = {plain, [driver = std::move(driver)](shell::ServerDriver*) mutable {
               driver->stop();
               driver.reset();
             }};
}

std::string RoomServer::url() const {
  return driver_->url();
}

std::uint16_t RoomServer::port() const {
  return driver_->port();
}

std::uint16_t RoomServer::udp_port() const {
  return driver_->udp_port();
}

RoomServerStats RoomServer::stats() const {
  return driver_->stats();
}

bool RoomServer::remove_participant(std::string_view room, std::string_view identity) {
  driver_->check_may_wait("RoomServer::remove_participant");
  return driver_->ask([room = std::string(room), identity = std::string(identity)](
                          auto& server, auto now, auto& out) {
    return server.remove_participant(room, identity, now, out);
  });
}

bool RoomServer::delete_room(std::string_view room) {
  driver_->check_may_wait("RoomServer::delete_room");
  return driver_->ask([room = std::string(room)](auto& server, auto now, auto& out) {
    return server.delete_room(room, now, out);
  });
}

void RoomServer::stop() {
  driver_->stop();
}

}  // namespace v0
}  // namespace sidetone
