// Goal: whoever watches is told, and whoever has left, or may no longer look, is remembered
// nowhere. Method: a real server whose one route subscribes, and real clients; waiting is for what
// must come.
#include "regatta/server/live_bus.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "regatta/net/client.h"
#include "regatta/net/server.h"

namespace regatta::server {
namespace {

constexpr tracking::ProjectId kProject{1};
constexpr tracking::UserId kUser{1};

class LiveBusTest : public testing::Test {
 protected:
  LiveBusTest() {
    net::Router router;
    router.Add("GET", "/live",
               [this](const net::Request& request, const net::Responder& responder) {
                 const Result<void> subscribed = bus_.Subscribe(
                     {.user = tracking::UserId{std::stoll(std::string(request.Query("user")))},
                      .project = kProject,
                      .run_name = std::string(request.Query("run")),
                      .generation = bus_.generation()},
                     [&] {
                       net::EventStream stream = responder.StartEvents();
                       stream.Send("hello", "", "{}");
                       return stream;
                     });
                 if (!subscribed) responder.Send(subscribed.error());
               });
    server_.emplace(net::ServerOptions{}, std::move(router));
    EXPECT_TRUE(server_->Start());
  }

  // Reads events until `wanted` of them have come, or the stream ends; how many came beside hello.
  int Read(int wanted, const std::string& run = "", bool publishes = false) {
    net::HttpClient client(server_->url());
    int count = -1;
    (void)client.ReadEvents("/live?user=1&run=" + run, {}, [&](const net::ServerEvent& event) {
      // What is published after hello was sent comes only once the bus has the stream.
      if (event.event == "hello" && publishes) Publish();
      return ++count < wanted;
    });
    return count;
  }

  void Publish() {
    std::thread([this] {
      while (bus_.subscriber_count() == 0) std::this_thread::yield();
      for (int i = 0; i < 100; ++i) {
        bus_.Publish({{.project = kProject, .run_name = "r", .kinds = tracking::Change::kHistory}});
      }
    }).join();
  }

  void WaitForSubscribers(std::size_t count) const {
    while (bus_.subscriber_count() != count) std::this_thread::yield();
  }

  LiveBus bus_;
  std::optional<net::Server> server_;
};

TEST_F(LiveBusTest, ForgetsAStreamWhoseClientHasLeftThoughNothingHappens) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Read(0), 0);
  WaitForSubscribers(0);  // hangs if one is kept until the next change of its project
}

TEST_F(LiveBusTest, TellsChangesOfTheProjectToThoseWhoWatchTheRun) {
  EXPECT_EQ(Read(1, "", true), 1);
  EXPECT_EQ(Read(1, "r", true), 1);
}

TEST_F(LiveBusTest, GivesOnePersonABoundedNumberOfStreams) {
  const LiveBus::Subscription mine{.user = kUser, .project = kProject};
  LiveBus bus;
  net::Router router;
  // One open stream stands for all: what is counted is subscriptions.
  router.Add("GET", "/many", [&](const net::Request&, const net::Responder& responder) {
    const net::EventStream stream = responder.StartEvents();
    std::size_t started = 0;
    const auto start = [&] {
      ++started;
      return stream;
    };
    for (std::size_t i = 0; i < LiveBus::kStreamsOfUserMax; ++i) {
      EXPECT_TRUE(bus.Subscribe(mine, start));
    }
    const Result<void> refused = bus.Subscribe(mine, start);
    EXPECT_EQ(refused ? ErrorCode::kInternal : refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(started, LiveBus::kStreamsOfUserMax) << "a refused stream was started";
    EXPECT_TRUE(bus.Subscribe({.user = tracking::UserId{2}, .project = kProject}, start));
    bus.CloseAll();
    EXPECT_EQ(bus.subscriber_count(), 0U);
    EXPECT_FALSE(bus.Subscribe(mine, start)) << "with rights of before the change";
  });
  net::Server server(net::ServerOptions{}, std::move(router));
  ASSERT_TRUE(server.Start());
  net::HttpClient client(server.url());
  // Ends because all streams were closed.
  (void)client.ReadEvents("/many", {}, [](const net::ServerEvent&) { return true; });
}

TEST_F(LiveBusTest, EndsAllStreamsWhenRightsHaveChanged) {
  std::thread reader([this] { EXPECT_EQ(Read(1'000'000), 0); });  // ends only if the stream does
  WaitForSubscribers(1);
  bus_.CloseAll();
  reader.join();
  EXPECT_EQ(bus_.subscriber_count(), 0U);
}

}  // namespace
}  // namespace regatta::server
