# Builds and runs the consumer in one way: WAY = find_package | pkg_config | subdirectory.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endfunction()

set(install ${STAGE}/install)
set(build ${STAGE}/${WAY})
file(REMOVE_RECURSE ${build})
file(MAKE_DIRECTORY ${build})
set(options -G Ninja -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
set(ENV{LD_LIBRARY_PATH} ${install}/${LIBDIR})
if(WAY STREQUAL "find_package")
  file(REMOVE_RECURSE ${install})
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${install})
  run(${CMAKE_COMMAND} ${options} -DCMAKE_PREFIX_PATH=${install} -S ${SOURCE}/tests/consume/installed -B ${build})
  run(${CMAKE_COMMAND} --build ${build})
elseif(WAY STREQUAL "pkg_config")
  # The file names the prefix that was configured; the staged copy lies elsewhere.
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${install}/${LIBDIR}/pkgconfig
    pkg-config --define-variable=prefix=${install} --cflags --libs sidetone
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags)
  run(${CXX} -std=c++20 ${SOURCE}/tests/consume/app.cpp -o ${build}/consumer ${flags})
else()
  run(${CMAKE_COMMAND} ${options} -DSIDETONE_SOURCE=${SOURCE} "-DCMAKE_CXX_FLAGS=-O0"
    -S ${SOURCE}/tests/consume/subdirectory -B ${build})
  run(${CMAKE_COMMAND} --build ${build} --target consumer)
endif()
run(${build}/consumer)
