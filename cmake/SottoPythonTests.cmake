# sotto_python_tests(label timeout): each *_test.py of this folder as one unittest module, known to ctest as <label>.<name>.
# They drive the built daemon from outside. Further arguments are properties of the tests, e.g. RUN_SERIAL TRUE.
include_guard(GLOBAL)

function(sotto_python_tests label timeout)
  file(GLOB modules CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*_test.py)
  set(patience 2)
  if(SOTTO_SANITIZE)
    set(patience 6)
  endif()
  # P8 at every level: each flow looks through the log that it caused, and the builds of one test run are at different levels.
  set(level debug)
  if(SOTTO_SANITIZE STREQUAL "address")
    set(level info)
  elseif(SOTTO_SANITIZE STREQUAL "thread")
    set(level warning)
  endif()
  foreach(module ${modules})
    string(REGEX REPLACE "_test\\.py$" "" name ${module})
    add_test(NAME ${label}.${name} COMMAND ${Python3_EXECUTABLE} -m unittest -v ${module}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout} ${ARGN} ENVIRONMENT
      "SOTTO_BIN=${CMAKE_BINARY_DIR}/bin;PYTHONPATH=${CMAKE_SOURCE_DIR}/tests;PYTHONDONTWRITEBYTECODE=1;SOTTO_PATIENCE=${patience};SOTTO_LOG_LEVEL=${level}")
  endforeach()
endfunction()
