# One folder is one target; its sources are what the folder holds.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

function(sotto_compile_options target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wno-missing-field-initializers)
  if(SOTTO_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(SOTTO_SANITIZE STREQUAL "address")
    # Not vptr: Boost's header-only error categories have a copy in each library, which it takes for wrong objects.
    target_compile_options(${target} PRIVATE
      -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE -fno-sanitize=function)
    endif()
  elseif(SOTTO_SANITIZE STREQUAL "thread")
    target_compile_options(${target} PRIVATE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=thread)
  endif()
  if(SOTTO_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # Wrong about std::string (gcc bugs 105329, 105651) and about std::variant (gcc bug 105562).
      target_compile_options(${target} PRIVATE -Wno-restrict -Wno-maybe-uninitialized)
    endif()
    target_compile_options(${target} PRIVATE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -ftrivial-auto-var-init=zero
      -fstack-clash-protection -fcf-protection)
  endif()
endfunction()

# sotto_library(name [LINKS target...]): all sources below this folder as the static library `sotto_<name>`.
function(sotto_library name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(sotto_${name} STATIC ${sources})
  target_include_directories(sotto_${name} PUBLIC ${CMAKE_SOURCE_DIR}/server)
  target_link_libraries(sotto_${name} PUBLIC ${ARG_LINKS})
  sotto_compile_options(sotto_${name})
endfunction()

# sotto_tests(name LINKS target...): all sources below this folder as one Catch2 program, known to ctest as unit.<name>.
function(sotto_tests name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${name}_tests ${sources})
  target_include_directories(${name}_tests PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name}_tests PRIVATE ${ARG_LINKS} sotto_catch_main)
  sotto_compile_options(${name}_tests)
  # The tests themselves take two fifths less to compile, with sanitizers half; the libraries that they test stay as they are.
  target_compile_options(${name}_tests PRIVATE $<$<CONFIG:Release>:-O1> $<$<BOOL:${SOTTO_SANITIZE}>:-O0>)
  add_test(NAME unit.${name} COMMAND ${name}_tests)
  set_tests_properties(unit.${name} PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()
