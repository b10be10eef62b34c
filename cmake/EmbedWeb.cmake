# The page in web/ as a static library, regatta_web_assets, with the header regatta/web_assets/assets.h.
#
# The build makes the page when any of its sources has changed. Its packages are installed once for each content of
# the lock file, into a cache that all build folders share: ${XDG_CACHE_HOME:-~/.cache}/regatta/web/<hash>.

set(REGATTA_WEB_SOURCE "${CMAKE_SOURCE_DIR}/web")
set(REGATTA_WEB_BUILD "${CMAKE_BINARY_DIR}/web")

file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS
  "${REGATTA_WEB_SOURCE}/src/*" "${REGATTA_WEB_SOURCE}/public/*")
list(FILTER web_sources EXCLUDE REGEX "\\.test\\.ts$")
list(APPEND web_sources
  "${REGATTA_WEB_SOURCE}/index.html" "${REGATTA_WEB_SOURCE}/package.json" "${REGATTA_WEB_SOURCE}/package-lock.json"
  "${REGATTA_WEB_SOURCE}/tsconfig.json" "${REGATTA_WEB_SOURCE}/vite.config.ts" "${REGATTA_WEB_SOURCE}/tools/embed.mjs")

add_custom_command(
  OUTPUT "${REGATTA_WEB_BUILD}/embedded/assets.cc"
  COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${REGATTA_WEB_SOURCE}" "-DBUILD=${REGATTA_WEB_BUILD}"
          -P "${CMAKE_CURRENT_LIST_DIR}/BuildWeb.cmake"
  DEPENDS ${web_sources} "${CMAKE_CURRENT_LIST_DIR}/BuildWeb.cmake"
  COMMENT "Building the page in web/"
  VERBATIM)

set(embed_dir "${REGATTA_WEB_SOURCE}/embed")
add_library(regatta_web_assets STATIC "${REGATTA_WEB_BUILD}/embedded/assets.cc")
target_sources(regatta_web_assets PUBLIC FILE_SET HEADERS BASE_DIRS "${embed_dir}/include"
  FILES "${embed_dir}/include/regatta/web_assets/assets.h")
set_target_properties(regatta_web_assets PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
target_link_libraries(regatta_web_assets PUBLIC regatta_flags)

if(REGATTA_TESTS AND NOT REGATTA_FUZZ)
  add_executable(regatta_web_assets_test "${embed_dir}/assets_test.cc")
  target_link_libraries(regatta_web_assets_test PRIVATE regatta_web_assets GTest::gtest_main)
  regatta_walls(regatta_web_assets_test zlib)
  add_test(NAME web_assets COMMAND regatta_web_assets_test)
endif()
