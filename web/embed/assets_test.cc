#include "regatta/web_assets/assets.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <set>
#include <string>

namespace regatta::web_assets {
namespace {

std::string Unpack(std::string_view gzip) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  std::string packed(gzip);
  std::string text(16 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(WebAssets, HoldTheShellAndEveryFileThatItNames) {
  const Asset* shell = FindAsset("/index.html");
  ASSERT_NE(shell, nullptr);
  EXPECT_EQ(shell->mime, "text/html; charset=utf-8");
  EXPECT_FALSE(shell->is_immutable);
  const std::string html = Unpack(shell->gzip);
  int named = 0;
  for (std::size_t at = html.find("=\"/"); at != std::string::npos;
       at = html.find("=\"/", at + 1)) {
    const std::string path = html.substr(at + 2, html.find('"', at + 2) - at - 2);
    EXPECT_NE(FindAsset(path), nullptr) << path;
    ++named;
  }
  EXPECT_GE(named, 3);
}

TEST(WebAssets, AskNoOtherHostForAnything) {
  for (const Asset& asset : Assets()) {
    if (!asset.mime.starts_with("text/html") && !asset.mime.starts_with("text/css")) continue;
    const std::string text = Unpack(asset.gzip);
    EXPECT_EQ(text.find("://"), std::string::npos) << asset.path;
  }
}

TEST(WebAssets, HaveEachTheirOwnPathAndTag) {
  std::set<std::string_view> paths;
  std::set<std::string_view> tags;
  for (const Asset& asset : Assets()) {
    EXPECT_TRUE(paths.insert(asset.path).second) << asset.path;
    EXPECT_TRUE(tags.insert(asset.etag).second) << asset.path;
    EXPECT_EQ(asset.etag.size(), 34U);
    EXPECT_EQ(asset.is_immutable, asset.path.starts_with("/assets/")) << asset.path;
  }
}

TEST(WebAssets, StayBelow150KilobytesOnTheWire) {
  std::size_t bytes = 0;
  for (const Asset& asset : Assets()) bytes += asset.gzip.size();
  EXPECT_LT(bytes, 150'000U);
}

TEST(WebAssets, DoNotFindWhatIsNotThere) {
  EXPECT_EQ(FindAsset("/nothing"), nullptr);
  EXPECT_EQ(FindAsset(""), nullptr);
  EXPECT_EQ(FindAsset("/index.htm"), nullptr);
}

}  // namespace
}  // namespace regatta::web_assets
