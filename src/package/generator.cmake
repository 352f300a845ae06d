# Read by cpack for each kind of package: what is in it, and the date of its files.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL runtime library development)
else()
  set(CPACK_COMPONENTS_ALL runtime archive)
  set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()

# Packages of the same source are to be the same to the byte: cpack gives all files this date.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  file(STRINGS ${CPACK_RELOADRUN_CHANGELOG} newest REGEX "^## \\[[0-9.]+\\] - " LIMIT_COUNT 1)
  string(REGEX REPLACE ".* - " "" date "${newest}")
  execute_process(COMMAND date --utc --date=${date} +%s OUTPUT_VARIABLE seconds
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(ENV{SOURCE_DATE_EPOCH} ${seconds})
endif()
