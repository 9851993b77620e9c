// A ByteStream as Beast wants its streams. Included by the two Beast files only.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <memory>
#include <utility>

#include "shell/byte_stream.hpp"

namespace sidetone::shell {

class BeastStream {
 public:
  using executor_type = Executor;

  explicit BeastStream(std::unique_ptr<ByteStream> stream)
      : stream_(std::move(stream)), executor_(stream_->executor()) {}

  executor_type get_executor() const noexcept { return executor_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [stream = stream_.get()](auto handler, const Buffers& into) {
          stream->read_some(first_of(into), std::move(handler));
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [stream = stream_.get()](auto handler, const Buffers& from) {
          ByteStream::ConstBuffers some;
          std::size_t count = 0;
          for (auto each = boost::asio::buffer_sequence_begin(from);
               each != boost::asio::buffer_sequence_end(from) && count < some.size(); ++each)
            if (boost::asio::const_buffer buffer = *each; buffer.size() > 0) some[count++] = buffer;
          stream->write_some(some, std::move(handler));
        },
        token, buffers);
  }

  ByteStream& stream() { return *stream_; }

  std::unique_ptr<ByteStream> release() { return std::move(stream_); }

  // Found by Beast through argument-dependent lookup.
  friend void beast_close_socket(BeastStream& self) { self.stream_->close(); }

  template <class Handler>
  friend void async_teardown(boost::beast::role_type, BeastStream& self, Handler&& handler) {
    self.stream_->tear_down(std::forward<Handler>(handler));
  }

 private:
  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    for (auto each = boost::asio::buffer_sequence_begin(buffers);
         each != boost::asio::buffer_sequence_end(buffers); ++each)
      if (boost::asio::mutable_buffer buffer = *each; buffer.size() > 0) return buffer;
    return {};
  }

  std::unique_ptr<ByteStream> stream_;
  Executor executor_;
};

}  // namespace sidetone::shell
