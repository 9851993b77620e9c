// The files of the web page, put into the program when it is built (cmake/embed.cmake): those of
// the folder web/, and livekit-client when `./dev web` has fetched it.
#pragma once

#include <span>
#include <string_view>

namespace sidetone::web {

struct Asset {
  std::string_view path;  // "/style.css"
  std::string_view content_type;
  std::string_view bytes;
  bool gzip = false;  // `bytes` are compressed
};

std::span<const Asset> assets();

}  // namespace sidetone::web
