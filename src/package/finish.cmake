# Run by cpack on the files of each kind of package before they are packed: gives them the form that
# Debian's policy asks for.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# finish_debian_package(COMPONENT NAME): as debhelper does.
function(finish_debian_package component name)
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(documents ${usr}/share/doc/${name})
  configure_file(${CMAKE_CURRENT_LIST_DIR}/debian/copyright ${documents}/copyright COPYONLY)
  configure_file(${CPACK_RELOADRUN_CHANGELOG} ${documents}/changelog COPYONLY)
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # that of SOURCE_DATE_EPOCH
  configure_file(${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in ${documents}/changelog.Debian @ONLY)
  file(GLOB pages ${usr}/share/man/man*/*)
  run(gzip -9 --no-name ${documents}/changelog ${documents}/changelog.Debian ${pages})

  file(GLOB archives ${usr}/lib/*/*.a ${usr}/lib/*.a)
  if(archives)
    run(strip --strip-debug ${archives})
  endif()

  set(overrides ${CMAKE_CURRENT_LIST_DIR}/debian/${component}.lintian-overrides)
  configure_file(${overrides} ${usr}/share/lintian/overrides/${name} COPYONLY)
endfunction()

if(CPACK_GENERATOR STREQUAL "DEB")
  finish_debian_package(runtime ${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME})
  finish_debian_package(library ${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME})
  finish_debian_package(development ${CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME})
endif()
# Neither the umask nor how the source was checked out is to be seen in a package.
run(chmod --recursive u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY})
