// One sweep, its server, its agents and their processes in one thread, driven by one seed.
//
// Everything goes wrong for a while: agents die with and without their processes, hang, answer late
// or twice, requests and replies get lost, the server restarts before and after its commit, the
// clock jumps. Then calm returns, and the sweep has to end. The rules of the sweep are checked
// after every event against what the world knows to be true.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "recorded_store.h"
#include "regatta/base/rng.h"
#include "regatta/sweeps/sweep.h"

namespace regatta::simulation {

struct WorldOptions {
  std::uint64_t seed = 1;
  // Negative control: what a stale process says is taken for the word of the point's newest
  // attempt. The checks must notice.
  bool drops_fencing = false;
};

struct WorldReport {
  std::string problem;  // empty: every rule held
  std::uint64_t events = 0;
  std::uint64_t restarts = 0;
  std::uint64_t lost = 0;        // leases that expired
  std::uint64_t late = 0;        // results of lost attempts
  std::uint64_t superseded = 0;  // results that came second
  std::uint64_t quarantined = 0;
  std::uint64_t preempted = 0;
  std::uint64_t capped = 0;  // ended at its cap

  // Adds the other world's counts; problems are the caller's business.
  WorldReport& operator+=(const WorldReport& other);
};

class SweepWorld {
 public:
  explicit SweepWorld(const WorldOptions& options);
  ~SweepWorld();
  WorldReport Run();

 private:
  // A training process. It does not know what the server thinks of it.
  struct Process {
    std::uint64_t id = 0;
    std::string run_id;
    std::uint64_t token = 0;  // 0: it knows none
    std::uint64_t lines = 0;
    std::uint64_t lines_end = 1;
    std::int64_t exit_code = 0;
    bool has_started = false;
    bool is_finished = false;  // and the server has confirmed it
    bool is_dead = false;
    std::int64_t silent_until_s = 0;
    bool is_preempting = false;
  };
  struct Agent {
    std::string id;
    std::uint32_t slots = 1;
    bool has_tokens = false;
    bool is_bad = false;  // every program fails at once there
    bool is_gone = false;
    std::int64_t silent_until_s = 0;
    std::vector<std::uint64_t> processes;
  };

  using Event = std::function<Result<sweeps::Transition>(sweeps::Sweep&)>;

  bool Chance(double probability) { return chaos_ && rng_.Uniform() < probability; }
  Timestamp Now() const;
  std::unique_ptr<sweeps::PointSource> MakeSource() const;
  std::unique_ptr<search::EarlyStopper> MakeEarlyStopper() const;
  std::unique_ptr<sweeps::Sweep> Restored() const;
  void Restart();
  // Sends an event to the server. False: the sender never learns the answer.
  bool Send(const Event& event, sweeps::Transition* answer);
  void StepAgents();
  void StepAgent(Agent& agent);
  void Obey(Agent& agent, const sweeps::Command& command, std::size_t reported);
  void StepProcess(Process& process);
  void FinishProcess(Process& process);
  void StepPeople();
  void Break();
  std::string SpeakAs(const Process& process) const;
  std::uint64_t TokenOf(const Process& process) const;
  void Check(const sweeps::Transition& transition);
  void CheckPoints();
  void CheckEndOfProcess(const Process& process, const sweeps::AttemptRecord& before);
  void CheckEnd();
  void Report(const std::string& problem);

  WorldOptions options_;
  Rng rng_;
  sweeps::SweepSettings settings_;
  std::uint64_t grid_size_ = 0;  // 0: a search without end
  bool has_people_ = false;
  bool chaos_ = true;
  std::int64_t now_s_ = 0;
  std::int64_t clock_offset_s_ = 0;
  RecordedStore store_;
  std::unique_ptr<sweeps::Sweep> sweep_;
  std::vector<Agent> agents_;
  std::map<std::uint64_t, Process> processes_;
  std::uint64_t agents_made_ = 0;
  // What the world knows.
  std::map<std::string, std::set<std::string>> run_agents_;  // to whom a run's command went
  std::map<std::string, std::pair<std::uint32_t, std::uint64_t>> run_tokens_;  // resumes, token
  std::map<std::uint32_t, std::uint32_t> results_;                             // point -> attempt
  std::set<std::uint32_t> deleted_points_;
  std::map<std::uint32_t, std::uint32_t> requeues_;
  std::map<std::uint32_t, std::uint32_t> deletions_;
  WorldReport report_;
};

}  // namespace regatta::simulation
