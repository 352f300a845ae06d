# What is installed of the command: itself, its man page, and the completions of shells, each where its
# shell looks.
install(TARGETS reloadrun RUNTIME COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/docs/reloadrun.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
set(completions ${CMAKE_CURRENT_LIST_DIR}/completions)
install(FILES ${completions}/reloadrun.bash RENAME reloadrun
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT runtime)
install(FILES ${completions}/_reloadrun
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT runtime)
install(FILES ${completions}/reloadrun.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT runtime)
