#include "shell/byte_stream.hpp"

#include <boost/asio/compose.hpp>

namespace sidetone::shell {

namespace asio = boost::asio;

void ByteStream::close_soon() {
  limit_ = std::make_unique<decltype(limit_)::element_type>(executor(), std::chrono::seconds(1));
  alive_ = std::make_shared<bool>(true);
  limit_->async_wait([this, alive = std::weak_ptr(alive_)](error_code ec) {
    if (!ec && !alive.expired()) close();
  });
}

namespace {

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(TcpSocket socket) : socket_(std::move(socket)) {}

  Executor executor() override { return socket_.get_executor(); }

  void handshake(std::function<void(std::optional<StreamFailure>)> done) override { done({}); }

  void read_some(asio::mutable_buffer into, Handler handler) override {
    socket_.async_read_some(into, std::move(handler));
  }

  void write_some(const ConstBuffers& from, Handler handler) override {
    socket_.async_write_some(from, std::move(handler));
  }

  void tear_down(Done done) override {
    error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
    close_soon();
    asio::async_compose<Done, void(error_code)>(Drain{this}, done, socket_);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  struct Drain {
    PlainStream* stream;

    template <class Self>
    void operator()(Self& self, error_code ec = {}, std::size_t = 0) {
      if (!ec) return stream->socket_.async_read_some(asio::buffer(stream->rest_), std::move(self));
      self.complete({});
    }
  };

  TcpSocket socket_;
  std::array<std::byte, 512> rest_{};
};

}  // namespace

std::unique_ptr<ByteStream> make_plain_stream(TcpSocket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace sidetone::shell
