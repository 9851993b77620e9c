// RoomDriver: what is asked of the server or of the session in one turn.
#include "shell/room_driver.hpp"

namespace sidetone::shell {

void RoomDriver::start_request(Request call, Done handler) {
  Operation<> operation(loop_, next_id_++, std::move(handler), [](OperationId) {});
  if (loop_->ended()) return operation.complete(errc::closed);
  on_strand([call = std::move(call), operation = std::move(operation)](RoomDriver& self) mutable {
    if (self.ended_) return operation.complete(errc::closed);
    const auto error = call(self.session_, now(), self.outputs_);
    self.pump();
    operation.complete(error);
  });
}

void RoomDriver::start_change(session::MetadataChange change, Done handler) {
  Operation<> operation(loop_, next_id_++, std::move(handler), canceller());
  if (loop_->ended()) return operation.complete(errc::closed);
  on_strand(
      [change = std::move(change), operation = std::move(operation)](RoomDriver& self) mutable {
        if (self.ended_) return operation.complete(errc::closed);
        const auto id = operation.id();
        self.operations_.emplace(id, std::move(operation));
        self.session_.set_metadata(id, change, now(), self.outputs_);
        self.pump();
      });
}

void RoomDriver::start_set_muted(std::string track_sid, bool muted, Done handler) {
  // The request runs on the strand, while the driver lives.
  start_request(
      [this, sid = std::move(track_sid), muted](auto& session, auto at, auto& out) {
        return session.set_muted(current_sid(sid), muted, at, out);
      },
      std::move(handler));
}

}  // namespace sidetone::shell
