// All tables over one context.
#pragma once

#include "account_tables.h"
#include "artifact_tables.h"
#include "context.h"
#include "file_tables.h"
#include "project_tables.h"
#include "run_tables.h"
#include "stream_tables.h"
#include "sweep_tables.h"

namespace regatta::storage {

class SqlTables : public sweeps::Tables {
 public:
  explicit SqlTables(Context& context)
      : context_(context),
        accounts_(context),
        artifacts_(context),
        runs_(context),
        sweeps_(context),
        projects_(context),
        streams_(context),
        files_(context) {}

  using sweeps::Tables::sweeps;
  using tracking::Tables::accounts;
  using tracking::Tables::artifacts;
  using tracking::Tables::files;
  using tracking::Tables::projects;
  using tracking::Tables::runs;
  using tracking::Tables::streams;
  tracking::AccountTables& accounts() override { return accounts_; }
  tracking::ProjectTables& projects() override { return projects_; }
  tracking::RunTables& runs() override { return runs_; }
  tracking::StreamTables& streams() override { return streams_; }
  tracking::RunFileTables& files() override { return files_; }
  tracking::ArtifactTables& artifacts() override { return artifacts_; }
  sweeps::SweepTables& sweeps() override { return sweeps_; }
  void Notify(tracking::Change change) override { context_.changes.push_back(std::move(change)); }

 private:
  Context& context_;
  SqlAccountTables accounts_;
  SqlArtifactTables artifacts_;
  SqlRunTables runs_;
  SqlSweepTables sweeps_;
  SqlProjectTables projects_;
  SqlStreamTables streams_;
  SqlRunFileTables files_;
};

}  // namespace regatta::storage
