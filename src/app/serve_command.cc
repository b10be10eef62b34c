// The command line of `regatta serve`.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "command_line.h"
#include "serve.h"

namespace regatta::app {
namespace {

// Sets what the file says and the command line does not. CLI11 itself reads files for the program
// as a whole only. Throws CLI::ParseError naming what is wrong, as for a wrong call.
void ApplyConfig(CLI::App& serve, const std::string& path) {
  for (const CLI::ConfigItem& item : CLI::ConfigBase().from_file(path)) {
    CLI::Option* option = serve.get_option_no_throw("--" + item.name);
    if (option == nullptr || !item.parents.empty() || item.name == "config" ||
        item.name == "help") {
      throw CLI::ConfigError::Extras(fmt::format("{} in {}", item.fullname(), path));
    }
    if (option->count() > 0) continue;
    option->add_result(item.inputs);
    option->run_callback();
  }
}

}  // namespace

void AddServeCommand(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* serve = app.add_subcommand("serve", "Run the server");
  serve->add_option("--listen", options->listen, "Address and port; \":8080\" for every interface")
      ->capture_default_str();
  serve->add_option("--data", options->data, "Folder that holds everything")->capture_default_str();
  serve->add_option("--base-url", options->base_url,
                    "Address under which clients reach this server");
  serve->add_option("--tls-cert", options->tls_certificate, "PEM file of the certificate chain");
  serve->add_option("--tls-key", options->tls_key, "PEM file of the private key");
  serve->add_flag("--open", options->is_open, "No authentication; for a laptop, loopback only");
  serve->add_option("--user", options->user, "Name of the first user, an administrator")
      ->capture_default_str();
  serve
      ->add_option("--lease-seconds", options->lease_seconds,
                   "Silence after which a sweep hands a point to another agent")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  serve
      ->add_option("--crash-seconds", options->crash_seconds,
                   "Silence after which a running run counts as crashed")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  serve->add_option("--threads", options->threads, "Threads that serve connections")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  auto log_level = std::make_shared<std::string>("info");
  serve
      ->add_option("--log-level", *log_level,
                   "Least serious lines that the log on standard error gets")
      ->check(CLI::IsMember({"info", "warning", "error"}))
      ->capture_default_str();
  auto config = std::make_shared<std::string>();
  serve->add_option("--config", *config, "File with the same options, name = value a line")
      ->check(CLI::ExistingFile);
  serve->callback([serve, config, log_level, options, &exit_code] {
    if (!config->empty()) ApplyConfig(*serve, *config);
    options->log_level = ParseLogLevel(*log_level).value_or(LogLevel::kInfo);
    const Result<void> served = Serve(*options);
    if (!served) {
      fmt::print(stderr, "regatta serve: {}\n", served.error().message);
      exit_code = served.error().code == ErrorCode::kInvalidArgument ? kExitUsage : kExitFailure;
    }
  });
}

}  // namespace regatta::app
