#include "shell/ice_streams.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <utility>

namespace sidetone::shell {

namespace asio = boost::asio;

namespace {

// Half a second of a loud stereo voice; what waits longer is not worth hearing.
constexpr std::size_t kMaxWaitingBytes = std::size_t{16} << 10;
constexpr std::chrono::seconds kGoodbye{1};

}  // namespace

// One of them: connecting, open, or saying what it still has to say.
class IceStream : public std::enable_shared_from_this<IceStream> {
 public:
  IceStream(const Strand& strand, ice::OpenStream wish, std::weak_ptr<IceStreams> owner)
      : strand_(strand),
        wish_(std::move(wish)),
        owner_(std::move(owner)),
        deframer_(wish_.framing),
        limit_(strand) {
    waiting_.reserve(kMaxWaitingBytes);
    writing_.reserve(kMaxWaitingBytes);
  }

  void start(const ConnectorOptions& options) {
    connector_ = std::make_shared<Connector>(
        strand_, ConnectTarget{wish_.tls, wish_.host, wish_.port}, options,
        [self = shared_from_this()](std::unique_ptr<ByteStream> stream, StreamFailure failure) {
          self->connector_.reset();
          if (!stream) return self->fail(std::move(failure.text));
          self->stream_ = std::move(stream);
          if (self->closing_) return self->stream_->close();
          self->read();
          if (auto owner = self->owner_.lock()) owner->tell(ice::StreamOpened{self->wish_.name});
        });
    connector_->start();
  }

  // False when it has to wait behind more than is worth hearing.
  bool send(base::Bytes packet) {
    if (!stream_ || closing_) return true;
    auto framed = ice::frame(wish_.framing, packet, frame_);
    if (waiting_.size() + framed.size() > kMaxWaitingBytes) return false;
    waiting_.insert(waiting_.end(), framed.begin(), framed.end());
    write();
    return true;
  }

  // Says nothing to its owner any more.
  void finish() {
    owner_.reset();
    if (std::exchange(closing_, true)) return;
    if (connector_) std::exchange(connector_, nullptr)->cancel();
    if (!stream_) return;
    limit_.expires_after(kGoodbye);
    limit_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->stream_->close();
    });
    write();
  }

 private:
  void read() {
    auto space = deframer_.space();
    stream_->read_some(
        asio::buffer(space.data(), space.size()),
        [self = shared_from_this()](error_code ec, std::size_t size) { self->on_read(ec, size); });
  }

  void on_read(error_code ec, std::size_t size) {
    auto owner = owner_.lock();
    if (!owner) return;  // finished
    if (ec) return fail("the connection to " + wish_.host + " ended: " + ec.message());
    deframer_.commit(size);
    while (auto packet = deframer_.next())
      if (auto to = owner->events_.packet) to(wish_.name, *packet);
    if (auto end = owner->events_.end_of_batch) end();
    if (owner_.expired()) return;
    if (deframer_.broken()) return fail(wish_.host + " sends what is no packet");
    read();
  }

  void write() {
    if (busy_) return;
    if (waiting_.empty()) {
      if (closing_) say_goodbye();
      return;
    }
    busy_ = true;
    std::swap(waiting_, writing_);
    written_ = 0;
    write_rest();
  }

  void write_rest() {
    ByteStream::ConstBuffers buffers{
        asio::buffer(writing_.data() + written_, writing_.size() - written_)};
    stream_->write_some(buffers, [self = shared_from_this()](error_code ec, std::size_t size) {
      self->on_written(ec, size);
    });
  }

  void on_written(error_code ec, std::size_t size) {
    written_ += size;
    if (!ec && written_ < writing_.size()) return write_rest();
    busy_ = false;
    writing_.clear();
    if (!ec) return write();
    if (closing_) return say_goodbye();
    fail("the connection to " + wish_.host + " ended: " + ec.message());
  }

  // A server lets go of an allocation with its connection: nothing needs to be waited for.
  void say_goodbye() {
    limit_.cancel();
    stream_->close();
  }

  void fail(std::string why) {
    auto owner = std::exchange(owner_, {}).lock();
    closing_ = true;
    if (stream_) stream_->close();
    if (!owner) return;
    auto self = shared_from_this();
    owner->streams_.erase(wish_.name);
    owner->tell(ice::StreamClosed{wish_.name, std::move(why)});
  }

  Strand strand_;
  ice::OpenStream wish_;
  std::weak_ptr<IceStreams> owner_;
  std::shared_ptr<Connector> connector_;
  std::unique_ptr<ByteStream> stream_;
  ice::Deframer deframer_;
  std::array<std::byte, ice::kMaxFrameBytes> frame_{};
  std::vector<std::byte> waiting_;
  std::vector<std::byte> writing_;
  std::size_t written_ = 0;
  bool busy_ = false;
  bool closing_ = false;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>,
                             Executor>
      limit_;
};

IceStreams::IceStreams(Strand strand, ConnectorOptions options, IceStreamEvents events)
    : strand_(std::move(strand)), options_(std::move(options)), events_(std::move(events)) {}

void IceStreams::fulfil(const ice::NetworkWish& wish) {
  if (!events_.news) return;  // closed
  if (const auto* open = std::get_if<ice::OpenStream>(&wish)) {
    auto stream = std::make_shared<IceStream>(strand_, *open, weak_from_this());
    streams_[open->name] = stream;
    return stream->start(options_);
  }
  if (const auto* look = std::get_if<ice::LookUp>(&wish)) return look_up(*look);
  auto found = streams_.find(std::get<ice::CloseStream>(wish).name);
  if (found == streams_.end()) return;
  found->second->finish();
  streams_.erase(found);
}

void IceStreams::look_up(const ice::LookUp& wish) {
  auto& resolver = resolvers_[wish.name];
  resolver = std::make_unique<Resolver>(strand_);
  resolver->async_resolve(
      wish.host, "0", Resolver::numeric_service,
      [self = shared_from_this(), wish](error_code ec, auto results) {
        self->resolvers_.erase(wish.name);
        ice::HostFound found{wish.name, {}, {}};
        if (ec) found.why = "the host name " + wish.host + " cannot be resolved: " + ec.message();
        for (const auto& each : results)
          if (auto address = base::Address::parse(each.endpoint().address().to_string()))
            found.addresses.push_back(*address);
        self->tell(found);
      });
}

void IceStreams::tell(const ice::NetworkNews& news) {
  if (auto to = events_.news) to(news);
}

void IceStreams::send(const base::Endpoint& name, base::Bytes packet) {
  auto found = streams_.find(name);
  if (found == streams_.end())
    ++counters_.nameless;
  else if (!found->second->send(packet))
    ++counters_.overflowed;
}

void IceStreams::close() {
  events_ = {};
  for (auto& [name, stream] : streams_) stream->finish();
  streams_.clear();
  for (auto& [name, resolver] : resolvers_) resolver->cancel();
}

std::variant<ice::GatherConfig, std::string> gather_config(const ConnectOptions& options) {
  ice::GatherConfig config;
  config.streams = true;
  config.relay_only = options.ice_policy == IcePolicy::relay;
  for (const auto& server : options.ice_servers) {
    for (const auto& text : server.urls) {
      auto url = ice::parse_server_url(text);
      if (!url)
        return "ice_servers: '" + text +
               "' names no server; write stun:host:port, turn:host:port?transport=udp (or tcp), "
               "or turns:host:port";
      if (url->relay && server.username.empty())
        return "ice_servers: '" + text + "' needs a username and a credential";
      if (config.servers.size() == ice::kMaxServers)
        return "ice_servers: more than " + std::to_string(ice::kMaxServers) +
               " URLs; leave some out";
      config.servers.push_back({std::move(*url), server.username, server.credential});
    }
  }
  return config;
}

}  // namespace sidetone::shell
