// Nobody is told of changes after having gone.
#include "change_hub.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>

namespace regatta::app {
namespace {

TEST(ChangeHub, TellsWhoeverListensAndNobodyElse) {
  ChangeHub hub;
  hub.Tell({{.run_name = "early"}});
  auto told = std::make_unique<int>(0);
  {
    const ChangeHub::Listening listening(
        hub, [&](const auto& changes) { *told += static_cast<int>(changes.size()); });
    hub.Tell({{.run_name = "a"}, {.run_name = "b"}});
    EXPECT_EQ(*told, 2);
  }
  told.reset();
  hub.Tell({{.run_name = "late"}});
}

TEST(ChangeHub, WaitsForACallThatIsUnderWayBeforeTheListenerGoes) {
  ChangeHub hub;
  std::promise<void> is_called;
  std::promise<void> may_return;
  bool has_returned = false;
  std::optional<ChangeHub::Listening> listening;
  listening.emplace(hub, [&](const auto&) {
    is_called.set_value();
    may_return.get_future().wait();
    has_returned = true;
  });
  std::future<void> writer = std::async(std::launch::async, [&] { hub.Tell({{}}); });
  is_called.get_future().wait();
  std::future<bool> gone = std::async(std::launch::async, [&] {
    listening.reset();
    return has_returned;
  });
  may_return.set_value();
  EXPECT_TRUE(gone.get());
  writer.get();
}

}  // namespace
}  // namespace regatta::app
