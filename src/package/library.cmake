# What a program links that reloads itself: reloadrun::static and reloadrun::shared, of which
# reloadrun::reloadrun is the one that BUILD_SHARED_LIBS asks for. Both are built where it is not said
# which. Installed, they are found by find_package(reloadrun) and by pkg-config.
set(kinds static shared)
if(BUILD_SHARED_LIBS)
  set(kinds shared)
elseif(DEFINED BUILD_SHARED_LIBS OR NOT PROJECT_IS_TOP_LEVEL)
  set(kinds static)
endif()

foreach(kind ${kinds})
  string(TOUPPER ${kind} type)
  add_library(reloadrun_${kind} ${type} ${objects})
  add_library(reloadrun::${kind} ALIAS reloadrun_${kind})
  set_target_properties(reloadrun_${kind} PROPERTIES OUTPUT_NAME reloadrun EXPORT_NAME ${kind})
  target_compile_features(reloadrun_${kind} INTERFACE cxx_std_20)
  target_include_directories(reloadrun_${kind} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
if(TARGET reloadrun_static)
  target_link_libraries(reloadrun_static INTERFACE Threads::Threads)
endif()
if(TARGET reloadrun_shared)
  target_link_libraries(reloadrun_shared PRIVATE Threads::Threads)
  set_target_properties(reloadrun_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()
list(GET kinds 0 kind)
add_library(reloadrun::reloadrun ALIAS reloadrun_${kind})

if(NOT RELOADRUN_INSTALL)
  return()
endif()

list(TRANSFORM kinds PREPEND reloadrun_ OUTPUT_VARIABLE libraries)
install(TARGETS ${libraries} EXPORT reloadrun
        ARCHIVE COMPONENT development
        LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/reloadrun
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

include(CMakePackageConfigHelpers)
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/reloadrun)
install(EXPORT reloadrun NAMESPACE reloadrun:: FILE reloadrunTargets.cmake
        DESTINATION ${package_directory} COMPONENT development)
configure_package_config_file(reloadrunConfig.cmake.in reloadrunConfig.cmake
                              INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(reloadrunConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/reloadrunConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/reloadrunConfigVersion.cmake
        DESTINATION ${package_directory} COMPONENT development)

set(pkgconfig_directory ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig /${pkgconfig_directory} /)
configure_file(reloadrun.pc.in reloadrun.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/reloadrun.pc
        DESTINATION ${pkgconfig_directory} COMPONENT development)
