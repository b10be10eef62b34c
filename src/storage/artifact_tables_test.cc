// The rules of artifacts on the real store: versions, equal content, aliases, manifests of several
// parts, links, deletion, and which blobs stay.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "regatta/storage/sql_store.h"
#include "regatta/tracking/artifact_rules.h"

namespace regatta::storage {
namespace {

namespace fs = std::filesystem;
using tracking::Artifact;
using tracking::ArtifactId;
using tracking::ArtifactManifest;
using tracking::ArtifactMembership;
using tracking::ArtifactState;
using tracking::ArtifactUse;
using tracking::Blob;
using tracking::CollectionId;
using tracking::Manifest;
using tracking::ManifestKind;
using tracking::NewArtifact;
using tracking::Project;
using tracking::RunId;
using tracking::Tables;

class ArtifactTest : public testing::Test {
 protected:
  ArtifactTest() {
    std::string pattern = (fs::temp_directory_path() / "regatta-artifacts-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Result<std::unique_ptr<SqlStore>> opened =
        SqlStore::Open({.folder = folder_ + "/data", .clock = &clock_});
    EXPECT_TRUE(opened);
    store_ = *std::move(opened);
    Write([&](Tables& tables) -> Result<void> {
      tracking::User user{.name = "ann"};
      if (Result<void> done = tables.accounts().InsertUser(user); !done) return done;
      project_ = {.entity = user.entity, .name = "p"};
      if (Result<void> done = tables.projects().Insert(project_); !done) return done;
      tracking::Run run{.project = project_.id, .name = "r1"};
      if (Result<void> done = tables.runs().Insert(run); !done) return done;
      run_ = run.id;
      return Ok();
    });
  }
  ~ArtifactTest() override {
    store_.reset();
    fs::remove_all(folder_);
  }

  void Write(FunctionRef<Result<void>(Tables&)> work) {
    const Result<void> done = store_->Write(work);
    EXPECT_TRUE(done) << done.error().message;
  }
  // Runs `work`, which answers a Result, and hands its value over.
  template <typename Work>
  auto Do(Work work) {
    std::optional<decltype(work(std::declval<Tables&>()))> outcome;
    const Result<void> done = store_->Write([&](Tables& tables) -> Result<void> {
      outcome = work(tables);
      if (!*outcome) return outcome->error();
      return Ok();
    });
    EXPECT_EQ(done.has_value(), outcome->has_value());
    return *std::move(outcome);
  }

  NewArtifact Wanted(const std::string& content, const std::string& name = "numbers") const {
    return {.collection = name, .type = "dataset", .run = run_, .digest = "digest-of-" + content};
  }
  Result<Artifact> Create(const NewArtifact& wanted) {
    return Do([&](Tables& tables) {
      return tracking::CreateArtifact(tables, project_, wanted, clock_.Now());
    });
  }
  // Uploads a manifest with one file "file.txt" that holds `content`.
  Blob Upload(ArtifactId artifact, const std::string& content,
              ManifestKind kind = ManifestKind::kFull, const std::string& path = "file.txt",
              ArtifactId base = {}) {
    const Blob file = *store_->blobs().Put(content);
    const Blob document = *store_->blobs().Put(
        R"({"version":1,"contents":{")" + path + R"(":{"digest":")" + file.md5_base64 +
        R"(","size":)" + std::to_string(content.size()) + "}}}");
    Write([&](Tables& tables) -> Result<void> {
      if (auto put = tables.artifacts().PutBlob(artifact, project_.entity, file); !put) return put;
      Result<ArtifactManifest> manifest = tracking::CreateManifest(
          tables, {.artifact = artifact, .kind = kind, .name = "m", .base = base}, clock_.Now());
      if (!manifest) return manifest.error();
      manifest->blob = document;
      return tables.artifacts().UpdateManifest(*manifest);
    });
    return file;
  }
  // As the wire does it: reads the manifests, merges them, commits.
  Result<Artifact> Commit(ArtifactId id) {
    const Result<std::vector<ArtifactManifest>> parts =
        Do([&](Tables& tables) { return tracking::ManifestsToMerge(tables, id); });
    if (!parts) return parts.error();
    Manifest whole;
    for (const ArtifactManifest& part : *parts) {
      const Result<Manifest> read =
          tracking::ParseManifest(*store_->blobs().Read(part.blob.sha256_hex, 1 << 20));
      if (!read) return read.error();
      whole = tracking::MergeManifests(std::move(whole), *read);
    }
    const Blob document = *store_->blobs().Put(tracking::ManifestJson(whole));
    return Do([&](Tables& tables) {
      return tracking::CommitArtifact(tables, id, whole, document, clock_.Now());
    });
  }
  Artifact Log(const std::string& content, const std::string& name = "numbers",
               std::vector<std::string> aliases = {}) {
    NewArtifact wanted = Wanted(content, name);
    wanted.aliases = std::move(aliases);
    const Result<Artifact> created = Create(wanted);
    EXPECT_TRUE(created) << created.error().message;
    if (created->state == ArtifactState::kCommitted) return *created;
    Upload(created->id, content);
    const Result<Artifact> committed = Commit(created->id);
    EXPECT_TRUE(committed) << committed.error().message;
    return *committed;
  }
  // The version that an alias of the collection means, or -1.
  std::int64_t VersionAt(CollectionId collection, std::string_view alias) {
    const auto member =
        Do([&](Tables& tables) { return tracking::FindMember(tables, collection, alias); });
    return *member ? (*member)->version : -1;
  }
  std::vector<std::string> Paths(ArtifactId id) {
    const auto files = Do([&](Tables& tables) { return tables.artifacts().ListFiles(id, 0, 100); });
    std::vector<std::string> paths;
    for (const auto& file : *files) {
      paths.push_back(file.entry.path);
    }
    return paths;
  }
  bool Has(const Blob& blob) { return store_->blobs().Path(blob.sha256_hex).has_value(); }
  // Past the time in which a blob may wait for its row.
  void SweepUp() {
    clock_.Advance(std::chrono::hours(2));
    EXPECT_TRUE(store_->Maintain());
  }

  std::string folder_;
  SimulatedClock clock_;
  std::unique_ptr<SqlStore> store_;
  Project project_;
  RunId run_{};
};

TEST_F(ArtifactTest, VersionsCountUpAndLatestFollows) {
  const Artifact first = Log("one", "numbers", {"best"});
  const Artifact second = Log("two");
  EXPECT_EQ(first.version, 0);
  EXPECT_EQ(second.version, 1);
  EXPECT_EQ(VersionAt(first.sequence, "latest"), 1);
  EXPECT_EQ(VersionAt(first.sequence, "best"), 0);
  EXPECT_EQ(VersionAt(first.sequence, "v0"), 0);
  EXPECT_EQ(VersionAt(first.sequence, "v7"), -1);
  EXPECT_EQ(VersionAt(first.sequence, "worst"), -1);
}

TEST_F(ArtifactTest, EqualContentIsTheSameVersionAndTakesTheAliases) {
  const Artifact first = Log("one");
  Log("two");
  const Artifact again = Log("one", "numbers", {"best"});
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(VersionAt(first.sequence, "latest"), 0);
  EXPECT_EQ(VersionAt(first.sequence, "best"), 0);
}

TEST_F(ArtifactTest, EqualContentUnderAnotherNameIsAnotherArtifact) {
  EXPECT_NE(Log("one").id, Log("one", "others").id);
}

TEST_F(ArtifactTest, ARepeatedRequestAnswersTheSamePendingArtifact) {
  NewArtifact wanted = Wanted("one");
  wanted.client_id = "c1";
  EXPECT_EQ(Create(wanted)->id, Create(wanted)->id);
  wanted.client_id = "c2";
  const Result<Artifact> other = Create(wanted);
  const auto found = Do([&](Tables& tables) { return tables.artifacts().FindByClient("c2"); });
  EXPECT_EQ((*found)->id, other->id);
}

TEST_F(ArtifactTest, AnotherTypeUnderTheNameIsRefusedByName) {
  Log("one");
  NewArtifact wanted = Wanted("two");
  wanted.type = "model";
  const Result<Artifact> refused = Create(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("numbers"), std::string::npos);
  EXPECT_NE(refused.error().message.find("dataset"), std::string::npos);
}

TEST_F(ArtifactTest, NothingIsCommittedWithoutItsContent) {
  const Result<Artifact> pending = Create(Wanted("one"));
  const Result<Artifact> refused = Commit(pending->id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  const Result<Artifact> no_file = Do([&](Tables& tables) {
    return tracking::CommitArtifact(tables, pending->id,
                                    {.frame_json = "{}",
                                     .entries = {{.path = "never.bin",
                                                  .digest = "rL0Y20zC+Fzt72VPzMSk2A==",
                                                  .reference = {},
                                                  .birth_artifact = {},
                                                  .size = 3}},
                                     .entries_json = {"{}"}},
                                    Blob(), clock_.Now());
  });
  ASSERT_FALSE(no_file);
  EXPECT_NE(no_file.error().message.find("never.bin"), std::string::npos);
}

TEST_F(ArtifactTest, CommittingTwiceChangesNothing) {
  const Artifact first = Log("one");
  const Result<Artifact> again = Do([&](Tables& tables) {
    return tracking::CommitArtifact(tables, first.id, {}, Blob(), clock_.Now());
  });
  EXPECT_EQ(again->version, 0);
  EXPECT_EQ(again->file_count, 1);
}

TEST_F(ArtifactTest, WritersOfADistributedArtifactShareOneVersion) {
  NewArtifact wanted = Wanted("left");
  wanted.distributed_id = "group";
  const ArtifactId left = Create(wanted)->id;
  wanted.digest = "digest-of-right";
  ASSERT_EQ(Create(wanted)->id, left);
  Upload(left, "left", ManifestKind::kPatch, "left.txt");
  Upload(left, "right", ManifestKind::kPatch, "right.txt");
  const Result<Artifact> committed = Commit(left);
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(committed->file_count, 2);
  EXPECT_EQ(committed->size, 9);
  EXPECT_EQ(Paths(left), (std::vector<std::string>{"left.txt", "right.txt"}));
}

TEST_F(ArtifactTest, AnIncrementIsPutOverItsBase) {
  const Artifact base = Log("one");
  const ArtifactId next = Create(Wanted("more"))->id;
  Upload(next, "more", ManifestKind::kIncremental, "more.txt", base.id);
  const Result<Artifact> committed = Commit(next);
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(Paths(next), (std::vector<std::string>{"file.txt", "more.txt"}));
  EXPECT_EQ(committed->version, 1);
}

TEST_F(ArtifactTest, ADeletedVersionGivesUpItsIndexAndLatest) {
  const Artifact first = Log("one");
  const Artifact second = Log("two", "numbers", {"best"});
  const auto erase = [&](bool with_aliases) {
    return Do([&](Tables& tables) {
      return tracking::DeleteArtifact(tables, second.id, with_aliases, clock_.Now());
    });
  };
  const Result<Artifact> refused = erase(false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("best"), std::string::npos);
  ASSERT_TRUE(erase(true));
  EXPECT_EQ(VersionAt(first.sequence, "latest"), 0);
  EXPECT_EQ(VersionAt(first.sequence, "v1"), -1);
  EXPECT_EQ(Log("two").version, 2);
}

TEST_F(ArtifactTest, ABlobLivesAsLongAsSomeVersionHoldsIt) {
  const Blob file = *store_->blobs().Put("one");
  const Artifact first = Log("one");
  const Artifact other = Log("one", "others");
  const auto erase = [&](ArtifactId id) {
    ASSERT_TRUE(Do(
        [&](Tables& tables) { return tracking::DeleteArtifact(tables, id, true, clock_.Now()); }));
    SweepUp();
  };
  erase(first.id);
  EXPECT_TRUE(Has(file));
  erase(other.id);
  EXPECT_FALSE(Has(file));
}

TEST_F(ArtifactTest, APortfolioCountsItsOwnVersions) {
  Log("one");
  const Artifact second = Log("two");
  const Result<ArtifactMembership> member = Do([&](Tables& tables) {
    return tracking::LinkArtifact(tables, project_, "chosen", second.id, {"prod"}, clock_.Now());
  });
  ASSERT_TRUE(member) << member.error().message;
  EXPECT_EQ(member->version, 0);
  EXPECT_EQ(VersionAt(member->collection, "prod"), 0);
  EXPECT_EQ(VersionAt(second.sequence, "prod"), -1);
  Write([&](Tables& tables) {
    return tracking::UnlinkArtifact(tables, member->collection, second.id);
  });
  EXPECT_EQ(VersionAt(member->collection, "latest"), -1);
  EXPECT_EQ(VersionAt(second.sequence, "latest"), 1);
}

TEST_F(ArtifactTest, ADescriptionThatNobodyWroteIsNotAnEmptyOne) {
  const tracking::CollectionId id = Log("one").sequence;
  const auto read = [&] {
    return Do([&](Tables& tables) { return tables.artifacts().FindCollection(id); })->value();
  };
  EXPECT_EQ(read().description, std::nullopt);
  for (const char* written : {"", "what it is", ""}) {
    tracking::ArtifactCollection collection = read();
    collection.description = written;
    Write([&](Tables& tables) { return tables.artifacts().UpdateCollection(collection); });
    EXPECT_EQ(read().description, written);
  }
}

TEST_F(ArtifactTest, AVersionEndsWithItsTime) {
  NewArtifact wanted = Wanted("one");
  wanted.ttl_seconds = 60;
  const ArtifactId id = Create(wanted)->id;
  Upload(id, "one");
  ASSERT_TRUE(Commit(id));
  const auto expire = [&] {
    return *Do([&](Tables& tables) { return tracking::DeleteExpired(tables, clock_.Now()); });
  };
  EXPECT_EQ(expire(), 0);
  clock_.Advance(std::chrono::seconds(61));
  EXPECT_EQ(expire(), 1);
  EXPECT_EQ(expire(), 0);
}

TEST_F(ArtifactTest, ALongLifeIsNotOverAtOnce) {
  NewArtifact wanted = Wanted("one");
  wanted.ttl_seconds = tracking::kTtlMax;  // its end in microseconds is beyond 64 bits
  const ArtifactId id = Create(wanted)->id;
  Upload(id, "one");
  ASSERT_TRUE(Commit(id));
  // An artifact of before there was a limit.
  Write([&](Tables& tables) -> Result<void> {
    Artifact other = **tables.artifacts().Find(id);
    other.ttl_seconds = std::numeric_limits<std::int64_t>::max();
    return tables.artifacts().Update(other);
  });
  clock_.Advance(std::chrono::hours(24 * 365 * 100));
  EXPECT_EQ(*Do([&](Tables& tables) { return tracking::DeleteExpired(tables, clock_.Now()); }), 0);
}

TEST_F(ArtifactTest, ALifetimeIsPositiveOrOneOfTheTwoThatAreNone) {
  for (const std::int64_t seconds :
       {std::int64_t{1}, tracking::kTtlMax, tracking::kTtlInherited, tracking::kTtlDisabled}) {
    EXPECT_EQ(tracking::TtlProblem(seconds), "") << seconds;
  }
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{-3}, tracking::kTtlMax + 1,
                                     std::numeric_limits<std::int64_t>::max()}) {
    NewArtifact wanted = Wanted("one");
    wanted.ttl_seconds = seconds;
    const auto refused = Create(wanted);
    ASSERT_FALSE(refused) << seconds;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(ArtifactTest, ADeletedRunLeavesWhatItMade) {
  const Artifact made = Log("one");
  Write([&](Tables& tables) -> Result<void> {
    auto used = tables.artifacts().AddUse(run_, made.id, ArtifactUse::kInput);
    if (!used) return used;
    return tables.runs().Delete(run_);
  });
  EXPECT_EQ(VersionAt(made.sequence, "latest"), 0);
  const auto users = Do([&](Tables& tables) { return tables.artifacts().ListRunsUsing(made.id); });
  EXPECT_TRUE(users->empty());
}

TEST_F(ArtifactTest, ADeletedProjectTakesItsArtifactsAlong) {
  const Blob file = *store_->blobs().Put("one");
  const Artifact made = Log("one");
  ASSERT_TRUE(Do([&](Tables& tables) {
    return tracking::LinkArtifact(tables, project_, "chosen", made.id, {}, clock_.Now());
  }));
  Write([&](Tables& tables) { return tables.projects().Delete(project_.id); });
  SweepUp();
  EXPECT_FALSE(Has(file));
  store_.reset();
  const Result<FsckReport> report = Fsck(folder_ + "/data");
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  EXPECT_EQ(report->orphan_blobs, 0);
}

TEST(Manifest, KeepsWhatItDoesNotKnow) {
  const std::string json =
      R"({"version":1,"storagePolicy":"p","contents":{"b":{"digest":"x","extra":{"k":1}},)"
      R"("a":{"digest":"y","size":2,"ref":"s3://z"}}})";
  const Result<Manifest> manifest = tracking::ParseManifest(json);
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_EQ(manifest->entries.size(), 2U);
  EXPECT_EQ(manifest->entries[0].path, "b");
  EXPECT_EQ(manifest->entries[1].reference, "s3://z");
  EXPECT_EQ(manifest->entries[1].size, 2);
  EXPECT_EQ(tracking::ManifestJson(*manifest), json);
}

TEST(Manifest, AnEntryWithoutADigestTakesItsPathAway) {
  const Manifest base =
      *tracking::ParseManifest(R"({"contents":{"a":{"digest":"1"},"b":{"digest":"2"}}})");
  const Manifest change = *tracking::ParseManifest(
      R"({"contents":{"c":{"digest":"4"},"a":{"digest":null},"b":{"digest":"3"}}})");
  const Manifest merged = tracking::MergeManifests(base, change);
  EXPECT_EQ(tracking::ManifestJson(merged),
            R"({"contents":{"b":{"digest":"3"},"c":{"digest":"4"}}})");
}

TEST(Manifest, IsRefusedWhereItIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"contents":[]})", R"({"contents":{"a":1}})"}) {
    EXPECT_FALSE(tracking::ParseManifest(text)) << text;
  }
}

}  // namespace
}  // namespace regatta::storage
