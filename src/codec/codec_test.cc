// Goal: every codec agrees with published vectors and refuses what it must.
// Method: vectors of the RFCs and of FIPS 180-4, round trips over all bytes, damaged input.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "regatta/codec/base64.h"
#include "regatta/codec/gzip.h"
#include "regatta/codec/hash.h"
#include "regatta/codec/hex.h"
#include "regatta/codec/percent.h"
#include "regatta/codec/varint.h"

namespace regatta::codec {
namespace {

std::string AllBytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(Base64, AgreesWithRfc4648) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(EncodeBase64("\xfb\xff"), "+/8=");
  EXPECT_EQ(EncodeBase64Url("\xfb\xff"), "-_8");
}

TEST(Base64, ReadsBackAllBytesAtEveryLength) {
  const std::string bytes = AllBytes();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string part = bytes.substr(bytes.size() - size);
    EXPECT_EQ(DecodeBase64(EncodeBase64(part)).value(), part);
    EXPECT_EQ(DecodeBase64Url(EncodeBase64Url(part)).value(), part);
    EXPECT_EQ(DecodeBase64Lenient(EncodeBase64(part)).value(), part);
    EXPECT_EQ(DecodeBase64Lenient(EncodeBase64Url(part)).value(), part);
  }
}

TEST(Base64, StrictReadingAcceptsOneTextOnly) {
  EXPECT_FALSE(DecodeBase64("Zg"));
  EXPECT_FALSE(DecodeBase64("Zh=="));
  EXPECT_FALSE(
      DecodeBase64("Zg=="
                   "Zg=="));
  EXPECT_FALSE(DecodeBase64("Zm9v\nZm9"));
  EXPECT_FALSE(DecodeBase64("-_8="));
  EXPECT_FALSE(DecodeBase64("===="));
  EXPECT_FALSE(DecodeBase64Url("Z"));
  EXPECT_FALSE(DecodeBase64Url("+/8"));
}

TEST(Base64, LenientReadingSkipsBlanksAndPadding) {
  EXPECT_EQ(DecodeBase64Lenient(" Zm9v\r\n Ymc ").value(), "foobg");
  EXPECT_EQ(DecodeBase64Lenient("Zm9vYg=").value(), "foob");
  EXPECT_FALSE(DecodeBase64Lenient("Zm9v!"));
}

TEST(Hex, ReadsBackAllBytesInEitherCase) {
  const std::string text = EncodeHex(AllBytes());
  EXPECT_EQ(text.substr(0, 6), "000102");
  EXPECT_EQ(text.substr(text.size() - 4), "feff");
  EXPECT_EQ(DecodeHex(text).value(), AllBytes());
  EXPECT_EQ(DecodeHex("0aFf").value(), "\x0a\xff");
  EXPECT_FALSE(DecodeHex("abc"));
  EXPECT_EQ(DecodeHex("0g").error().message,
            "hexadecimal text has another character at position 1");
}

TEST(Percent, EncodesOneSegmentAndKeepsSlashesOfAPath) {
  EXPECT_EQ(EncodePercent("a b/c%d~é"), "a%20b%2Fc%25d~%C3%A9");
  EXPECT_EQ(EncodePath("media/a b.png"), "media/a%20b.png");
  EXPECT_EQ(DecodePercent(EncodePercent(AllBytes())).value(), AllBytes());
  EXPECT_EQ(DecodePercent("a+b").value(), "a+b");
}

TEST(Percent, RefusesABrokenEscape) {
  EXPECT_FALSE(DecodePercent("%"));
  EXPECT_FALSE(DecodePercent("%4"));
  EXPECT_FALSE(DecodePercent("%zz"));
}

TEST(Form, KeepsOrderAndRepeatedKeys) {
  const FormFields fields = ParseForm("b=1&a=x+y%21&&b=&flag&=v").value();
  const FormFields expected = {{"b", "1"}, {"a", "x y!"}, {"b", ""}, {"flag", ""}, {"", "v"}};
  EXPECT_EQ(fields, expected);
  EXPECT_EQ(ParseForm(EncodeForm(fields)).value(), expected);
}

TEST(Form, RefusesTooManyFields) {
  EXPECT_TRUE(ParseForm("a&b&c", 3));
  EXPECT_FALSE(ParseForm("a&b&c&d", 3));
}

TEST(Sha256, AgreesWithFips180) {
  EXPECT_EQ(EncodeHex(AsBytes(Sha256::Of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(EncodeHex(AsBytes(Sha256::Of(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, PiecesGiveTheSameAsTheWholeAndFinishStartsAfresh) {
  Sha256 hash;
  hash.Update("a");
  hash.Update("bc");
  EXPECT_EQ(hash.Finish(), Sha256::Of("abc"));
  hash.Update("abc");
  EXPECT_EQ(hash.Finish(), Sha256::Of("abc"));
}

TEST(Md5, AgreesWithRfc1321) {
  EXPECT_EQ(EncodeHex(AsBytes(Md5::Of("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
  Md5 hash;
  hash.Update("message ");
  hash.Update("digest");
  EXPECT_EQ(hash.Finish(), Md5::Of("message digest"));
}

TEST(HmacSha256, AgreesWithRfc4231) {
  EXPECT_EQ(EncodeHex(AsBytes(HmacSha256("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      EncodeHex(AsBytes(HmacSha256(std::string(131, '\xaa'),
                                   "Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Crc32c, AgreesWithRfc3720) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(Crc32c("6789", Crc32c("12345")), 0xe3069283U);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
}

TEST(Crc32c, IsTheRemainderOfTheDivisionWhateverTheLengthAndThePieces) {
  std::string bytes;
  std::uint32_t remainder = ~std::uint32_t{0};  // RFC 3720 B.4, one bit after the other
  for (int size = 0; size < 70; ++size) {
    EXPECT_EQ(Crc32c(bytes), ~remainder) << size;
    const std::string_view all(bytes);
    const std::size_t cut = bytes.size() / 3;
    EXPECT_EQ(Crc32c(all.substr(cut), Crc32c(all.substr(0, cut))), ~remainder) << size;
    const auto byte = static_cast<unsigned char>(size * 37 + 11);
    bytes.push_back(static_cast<char>(byte));
    remainder ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = remainder >> 1 ^ ((remainder & 1) != 0 ? 0x82f63b78U : 0U);
    }
  }
}

TEST(ConstantTimeEquals, ComparesWholeTexts) {
  EXPECT_TRUE(ConstantTimeEquals("", ""));
  EXPECT_TRUE(ConstantTimeEquals("secret", "secret"));
  EXPECT_FALSE(ConstantTimeEquals("secret", "secreT"));
  EXPECT_FALSE(ConstantTimeEquals("secret", "secret "));
}

TEST(Gunzip, ReadsBackWhatGzipWrote) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919);
  for (const int level : {1, 6, 9}) {
    const std::string packed = Gzip(text, level);
    EXPECT_LT(packed.size(), text.size());
    EXPECT_EQ(Gunzip(packed).value(), text);
  }
  EXPECT_EQ(Gunzip(Gzip("")).value(), "");
}

TEST(Gunzip, ReadsAForeignMember) {
  // printf hello | gzip -n
  const std::string packed = DecodeHex(
                                 "1f8b0800000000000003cb48cdc9c907008"
                                 "6a6103605000000")
                                 .value();
  EXPECT_EQ(Gunzip(packed).value(), "hello");
}

TEST(Gunzip, JoinsMembers) { EXPECT_EQ(Gunzip(Gzip("a") + Gzip("b")).value(), "ab"); }

TEST(Gunzip, RefusesABombByRatio) {
  const std::string bomb = Gzip(std::string(std::size_t{32} << 20, 'a'), 9);
  const Result<std::string> output = Gunzip(bomb);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(output.error().message.find("200 times"), std::string::npos);
}

TEST(Gunzip, RefusesMoreThanTheLimitAndAllowsExactlyTheLimit) {
  const std::string packed = Gzip(std::string(1000, 'a'));
  EXPECT_EQ(Gunzip(packed, {.output_bytes_max = 1000}).value().size(), 1000U);
  const Result<std::string> output = Gunzip(packed, {.output_bytes_max = 999});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(output.error().message.find("999 bytes"), std::string::npos);
}

TEST(Gunzip, RefusesEveryCutAndEveryFlippedByte) {
  const std::string packed = Gzip("the quick brown fox");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(Gunzip(packed.substr(0, size))) << size;
  }
  // Bytes 4 to 9 (time, flags, system) carry no content; every later one is under the checksum.
  for (std::size_t i = 10; i < packed.size(); ++i) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const Result<std::string> output = Gunzip(damaged);
    EXPECT_TRUE(!output || *output == "the quick brown fox") << i;
  }
  EXPECT_FALSE(Gunzip("plain text"));
  EXPECT_FALSE(Gunzip(packed + "tail"));
}

TEST(Varint, ReadsBackEdges) {
  std::string bytes;
  const std::vector<std::uint64_t> values = {
      0, 1, 127, 128, 300, 16383, 16384, std::numeric_limits<std::uint64_t>::max()};
  for (const std::uint64_t value : values) AppendVarint(bytes, value);
  EXPECT_EQ(bytes.substr(5, 2), "\xac\x02");
  std::string_view rest = bytes;
  for (const std::uint64_t value : values) EXPECT_EQ(TakeVarint(rest).value(), value);
  EXPECT_TRUE(rest.empty());
}

TEST(Varint, ReadsBackSignedEdges) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    std::string bytes;
    AppendSignedVarint(bytes, value);
    std::string_view rest = bytes;
    EXPECT_EQ(TakeSignedVarint(rest).value(), value);
  }
}

TEST(Varint, RefusesCutOffAndTooLarge) {
  std::string_view cut = "\x80";
  EXPECT_FALSE(TakeVarint(cut));
  EXPECT_EQ(cut.size(), 1U);
  const std::string large = std::string(9, '\xff') + "\x02";
  std::string_view rest = large;
  EXPECT_FALSE(TakeVarint(rest));
  EXPECT_EQ(rest.size(), 10U);
}

}  // namespace
}  // namespace regatta::codec
