# One target per folder, and the arrows between folders. tools/arrows.py reads this file: an #include that no line
# here allows, or an engine's header outside the folder that wraps it, fails the test "arrows".
#
#   sidetone_layer(<folder> DEPENDS <folders it may include> [ENGINE <packages only this folder may include>])
#
# Every *.cpp of the folder is its source, every *_test.cpp its test (one program per folder, named <folder>_test).
set(SIDETONE_LAYERS "" CACHE INTERNAL "")

function(sidetone_layer name)
  cmake_parse_arguments(arg "" "" "DEPENDS;ENGINE" ${ARGN})
  set(folder ${CMAKE_CURRENT_SOURCE_DIR})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${name}_empty.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/${name}_empty.cpp)
  endif()

  if(SIDETONE_SANITIZE)
    # Beast under sanitizers costs minutes and gigabytes at -O1.
    set(heavy ${sources})
    list(FILTER heavy INCLUDE REGEX "/(beast|tls)_[a-z]*\\.cpp$")
    if(heavy)
      set_source_files_properties(${heavy} PROPERTIES COMPILE_OPTIONS "-O0;-fno-sanitize=undefined")
    endif()
  endif()

  add_library(sidetone_${name} STATIC ${sources})
  target_include_directories(sidetone_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(sidetone_${name} PRIVATE sidetone_settings PUBLIC Boost::headers)
  foreach(layer ${arg_DEPENDS})
    target_link_libraries(sidetone_${name} PUBLIC sidetone_${layer})
  endforeach()
  foreach(engine ${arg_ENGINE})
    target_link_libraries(sidetone_${name} PRIVATE ${engine})
  endforeach()
  set(SIDETONE_LAYERS ${SIDETONE_LAYERS} ${name} CACHE INTERNAL "")

  if(SIDETONE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE sidetone_settings sidetone_${name} ${arg_ENGINE} GTest::gtest_main)
    # Tests are compiled more often than they run: unoptimised they take half as long to build.
    target_compile_options(${name}_test PRIVATE -O0)
    sidetone_discover(${name}_test ${name})
  endif()
endfunction()

# Registers each test of a program with a deadline of its own.
function(sidetone_discover program prefix)
  gtest_discover_tests(${program} TEST_PREFIX "${prefix}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 120)
endfunction()
