# Installs the library, the program, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS sidetone EXPORT sidetoneTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/sidetone DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE THIRD_PARTY_NOTICES DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(SIDETONE_APPS)
  install(TARGETS sidetone_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sidetone)
install(EXPORT sidetoneTargets NAMESPACE sidetone:: DESTINATION ${package_dir})
set(SIDETONE_BOOST_MINOR "${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}")
configure_package_config_file(packaging/sidetoneConfig.cmake.in ${PROJECT_BINARY_DIR}/sidetoneConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sidetoneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/sidetoneConfig.cmake ${PROJECT_BINARY_DIR}/sidetoneConfigVersion.cmake
  DESTINATION ${package_dir})

configure_file(packaging/sidetone.pc.in ${PROJECT_BINARY_DIR}/sidetone.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sidetone.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
