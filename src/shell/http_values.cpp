#include "shell/http_values.hpp"

#include "core/base/endpoint.hpp"

namespace sidetone::shell {
namespace {

// "127.0.0.1:4711", "[::1]:4711"
bool is_loopback(std::string_view endpoint) {
  auto host = endpoint.substr(0, endpoint.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = base::Address::parse(host);
  return address && address->is_loopback();
}

}  // namespace

server::HttpRequest to_admission(const HttpRequest& request) {
  return {request.method, request.target, request.header("Authorization"), request.upgrade};
}

web::Request to_site(const HttpRequest& request) {
  return {.method = request.method,
          .target = request.target,
          .body = request.body,
          .authorization = request.header("Authorization"),
          .content_type = request.header("Content-Type"),
          .accept = request.header("Accept"),
          .host = request.header("Host"),
          .from_loopback = is_loopback(request.remote)};
}

HttpResponse to_http(server::HttpResponse answer) {
  HttpResponse response{answer.status, std::move(answer.body), std::move(answer.content_type), {}};
  if (answer.allow_any_origin) response.headers.push_back({"Access-Control-Allow-Origin", "*"});
  return response;
}

HttpResponse to_http(web::Response answer) {
  HttpResponse response{answer.status, std::move(answer.body), std::move(answer.content_type), {}};
  for (auto& [name, value] : answer.headers)
    response.headers.push_back({std::move(name), std::move(value)});
  return response;
}

}  // namespace sidetone::shell
