# Turns files into C++: cmake -D OUTPUT=assets.cpp -D FOLDER=web -D CLIENT=livekit-client.js.gz -P embed.cmake
# CLIENT, gzip-compressed, may be empty. What comes out implements src/core/web/assets.hpp.
set(text_html "text/html; charset=utf-8")
set(text_css "text/css; charset=utf-8")
set(text_js "text/javascript; charset=utf-8")
set(text_svg "image/svg+xml")

set(arrays "")
set(rows "")
set(number 0)

macro(embed file path type gzip)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "const unsigned char k${number}[] = {\n${bytes}};\n\n")
  string(APPEND rows "    {\"${path}\", \"${type}\", text(k${number}, sizeof k${number}), ${gzip}},\n")
  math(EXPR number "${number} + 1")
endmacro()

file(GLOB files ${FOLDER}/*.html ${FOLDER}/*.css ${FOLDER}/*.js ${FOLDER}/*.svg)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE ".*\\." "" extension ${name})
  set(path /${name})
  if(name STREQUAL "index.html")
    set(path /)
  endif()
  embed(${file} ${path} "${text_${extension}}" false)
endforeach()
if(CLIENT)
  embed(${CLIENT} /livekit-client.js "${text_js}" true)
endif()

file(WRITE ${OUTPUT} "// Made by cmake/embed.cmake.
#include \"core/web/assets.hpp\"

namespace sidetone::web {
namespace {

${arrays}std::string_view text(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const Asset> assets() {
  static const Asset kAssets[] = {
${rows}  };
  return kAssets;
}

}  // namespace sidetone::web
")
