// Commands on a data folder: fsck, backup, restore.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "regatta/storage/sql_store.h"

namespace regatta::app {
namespace {

int Report(const char* command, const Result<void>& done, const std::string& success) {
  if (!done) {
    fmt::print(stderr, "regatta {}: {}\n", command, done.error().message);
    return done.error().code == ErrorCode::kNotFound ? kExitNotFound : kExitFailure;
  }
  fmt::print("{}\n", success);
  return kExitOk;
}

int RunFsck(const std::string& folder, bool as_json) {
  const Result<storage::FsckReport> report = storage::Fsck(folder);
  if (!report) {
    fmt::print(stderr, "regatta fsck: {}\n", report.error().message);
    return report.error().code == ErrorCode::kNotFound ? kExitNotFound : kExitFailure;
  }
  if (as_json) {
    const nlohmann::json document = {{"log_pieces", report->log_pieces},
                                     {"lines", report->lines},
                                     {"blobs", report->blobs},
                                     {"orphan_blobs", report->orphan_blobs},
                                     {"problems", report->problems}};
    fmt::print("{}\n", document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}: {} lines in {} log pieces, {} blobs ({} that nothing names)\n", folder,
               report->lines, report->log_pieces, report->blobs, report->orphan_blobs);
    for (const std::string& problem : report->problems) fmt::print("  {}\n", problem);
    if (report->problems.empty()) {
      fmt::print("no problems\n");
    } else {
      fmt::print("{} problems\n", report->problems.size());
    }
  }
  return report->problems.empty() ? kExitOk : kExitFailure;
}

}  // namespace

void AddDataCommands(CLI::App& app, int& exit_code) {
  struct Options {
    std::string data = "regatta-data";
    std::string other;
    bool as_json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* fsck = app.add_subcommand("fsck", "Read and check everything in a data folder");
  fsck->add_option("--data", options->data, "The data folder; no server may use it")
      ->capture_default_str();
  fsck->add_flag("--json", options->as_json, "Print the report as JSON");
  fsck->callback([options, &exit_code] { exit_code = RunFsck(options->data, options->as_json); });

  CLI::App* backup = app.add_subcommand("backup", "Copy a data folder, also of a running server");
  backup->add_option("target", options->other, "New folder for the backup")->required();
  backup->add_option("--data", options->data, "The data folder")->capture_default_str();
  backup->callback([options, &exit_code] {
    exit_code = Report("backup", storage::Backup(options->data, options->other),
                       fmt::format("backup of {} written to {}", options->data, options->other));
  });

  CLI::App* restore = app.add_subcommand("restore", "Make a data folder from a backup");
  restore->add_option("backup", options->other, "Folder that `regatta backup` wrote")->required();
  restore->add_option("--data", options->data, "New data folder")->capture_default_str();
  restore->callback([options, &exit_code] {
    exit_code = Report("restore", storage::Restore(options->other, options->data),
                       fmt::format("{} restored from {}; start it with `regatta serve --data {}`",
                                   options->data, options->other, options->data));
  });
}

}  // namespace regatta::app
