// From the shell's HTTP values to those of the machines behind it, and back.
#pragma once

#include "core/server/admission.hpp"
#include "core/web/message.hpp"
#include "shell/http_message.hpp"

namespace sidetone::shell {

// Both borrow from `request`.
server::HttpRequest to_admission(const HttpRequest& request);
web::Request to_site(const HttpRequest& request);

HttpResponse to_http(server::HttpResponse answer);
HttpResponse to_http(web::Response answer);

}  // namespace sidetone::shell
