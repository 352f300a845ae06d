# What is installed of the command: itself, its man page, what documents tell of it, and the completions
# of shells, each where its shell looks.
install(TARGETS reloadrun RUNTIME COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/docs/reloadrun.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/docs/recipes.md ${PROJECT_SOURCE_DIR}/docs/reference.md
              ${PROJECT_SOURCE_DIR}/docs/sockets.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT runtime)
set(completions ${CMAKE_CURRENT_LIST_DIR}/completions)
install(FILES ${completions}/reloadrun.bash RENAME reloadrun
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT runtime)
install(FILES ${completions}/_reloadrun
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT runtime)
install(FILES ${completions}/reloadrun.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT runtime)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/debian/copyright
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
