# The packages that cpack makes: for Debian one each of the command, the shared library and what is
# needed to build with it, and an archive of the static command for all others.
set(RELOADRUN_MAINTAINER "The reloadrun authors <reloadrun@authors.invalid>" CACHE STRING
    "Who makes the Debian packages and answers for them, as in Name <address>")

# What README.md refers to is where it says.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md
              ${PROJECT_SOURCE_DIR}/CONTRIBUTING.md ${PROJECT_SOURCE_DIR}/SECURITY.md
        DESTINATION . COMPONENT archive EXCLUDE_FROM_ALL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION . COMPONENT archive EXCLUDE_FROM_ALL
        FILES_MATCHING PATTERN *.md PATTERN *.svg)

# Debian's package of each component says what it is; a line before that is not wanted.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGE_VENDOR "The reloadrun authors")
set(CPACK_PACKAGE_CONTACT ${RELOADRUN_MAINTAINER})
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_FILE_NAME
    ${PROJECT_NAME}-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_SOURCE_DIR}/generator.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/finish.cmake)
set(CPACK_RELOADRUN_CHANGELOG ${PROJECT_SOURCE_DIR}/CHANGELOG.md)

set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)

# The shared library is in a package of its own, named after its soname: programs built with different
# versions find theirs side by side.
get_target_property(soversion reloadrun_shared SOVERSION)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME reloadrun)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libreloadrun${soversion})
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libreloadrun-dev)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")  # what the soname says
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_SOURCE_DIR}/debian/triggers)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SOURCE reloadrun)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SOURCE reloadrun)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)

set(CPACK_DEBIAN_RUNTIME_DESCRIPTION
"restarts a development server when its source changes
reloadrun runs a development server and starts it again the moment its source
changes, for any language, in a terminal or in a Makefile. The running server
is one that was started after the last edit, and whatever it has started goes
with it.")
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION
"C++ programs that reload themselves - shared library
reloadrun::run() calls a program's main function again in a new process
whenever the program was built anew.
.
This package has the shared library that such programs load.")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
"C++ programs that reload themselves - development files
reloadrun::run() calls a program's main function again in a new process
whenever the program was built anew.
.
This package has what it takes to build such programs: headers, the static
library, and files for CMake and pkg-config.")

include(CPack)
