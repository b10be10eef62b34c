#pragma once

// The built page, as part of the program. All data is constant, lives as long as the program, and
// can be read from any thread.
//
//   if (const Asset* asset = FindAsset(request.path)) answer with asset->gzip, Content-Encoding:
//   gzip else answer with FindAsset("/index.html"), whose script finds the page for the address

#include <span>
#include <string_view>

namespace regatta::web_assets {

struct Asset {
  // From the root of the page: "/index.html", "/assets/index-Bq3.js".
  std::string_view path;
  // The whole value of Content-Type.
  std::string_view mime;
  // The file compressed with gzip. There is no other form: every browser takes it.
  std::string_view gzip;
  // The whole value of ETag, quotes included: a hash of the uncompressed file.
  std::string_view etag;
  // The path holds a hash of the content, so the answer may be kept for ever (Cache-Control:
  // immutable). Everything else must be asked for again each time (no-cache with the ETag).
  bool is_immutable;
};

// All files, by path. "/index.html" is among them.
std::span<const Asset> Assets();

// The file of exactly this path, or nullptr.
const Asset* FindAsset(std::string_view path);

}  // namespace regatta::web_assets
