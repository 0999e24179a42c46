#include "ctl/admin/arguments.hpp"
#include "ctl/admin/protocol.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

using namespace sotto::ctl;

namespace {

Handlers handlers()
{
    Handlers out;
    out["echo"] = with_arguments([](const Arguments& arguments, const PeerCredentials& peer) -> Reply {
        return json::object{{"text", arguments.text("text")}, {"uid", peer.uid}};
    });
    out["refuse"] = [](const json::object&, const PeerCredentials&) -> Reply {
        return CommandError{"no", "Not today."};
    };
    out["break"] = [](const json::object&, const PeerCredentials&) -> Reply {
        throw std::runtime_error{"alice@example.org"};
    };
    return out;
}

Reply perform(std::string_view command, const json::object& arguments, const PeerCredentials& peer)
{
    const auto all = handlers();
    const auto handler = all.find(command);
    if (handler == all.end()) return CommandError{"usage", "no such command"};
    return handler->second(arguments, peer);
}

json::object answer_to(std::string_view line)
{
    const auto text = answer(line, {1000, 1000, 1}, perform);
    REQUIRE(text.ends_with("\n"));
    return json::parse(text).as_object();
}

std::string code_of(const json::object& answered) { return std::string{answered.at("error").at("code").as_string()}; }

} // namespace

TEST_CASE("a request gets its result, with who asked")
{
    const auto answered = answer_to(R"({"v":1,"command":"echo","arguments":{"text":"hello"}})");
    CHECK(answered.at("v") == 1);
    CHECK(answered.at("result").at("text") == "hello");
    CHECK(answered.at("result").at("uid") == 1000);
}

TEST_CASE("a refusal has a code for scripts and a sentence for people")
{
    const auto answered = answer_to(R"({"v":1,"command":"refuse"})");
    CHECK(code_of(answered) == "no");
    CHECK(answered.at("error").at("sentence") == "Not today.");
}

TEST_CASE("what is no request is answered as such")
{
    CHECK(code_of(answer_to("")) == "protocol");
    CHECK(code_of(answer_to("\xFF\x00\x01")) == "protocol");
    CHECK(code_of(answer_to("[1,2,3]")) == "protocol");
    CHECK(code_of(answer_to(R"({"command":"echo"})")) == "protocol");
    CHECK(code_of(answer_to(R"({"v":2,"command":"echo"})")) == "protocol");
    CHECK(code_of(answer_to(std::string(10'000, '['))) == "protocol");
    CHECK(code_of(answer_to(R"({"v":1})")) == "usage");
    CHECK(code_of(answer_to(R"({"v":1,"command":"nothing"})")) == "usage");
    CHECK(code_of(answer_to(R"({"v":1,"command":"echo","arguments":7})")) == "usage");
    CHECK(code_of(answer_to(R"({"v":1,"command":"echo","arguments":{}})")) == "usage");
    CHECK(code_of(answer_to(R"({"v":1,"command":"echo","arguments":{"text":7}})")) == "usage");
}

TEST_CASE("a command that breaks says so without what it was working on")
{
    const auto text = answer(R"({"v":1,"command":"break"})", {}, perform);
    CHECK(text.find("internal") != std::string::npos);
    CHECK(text.find("alice") == std::string::npos);
}

TEST_CASE("requests and answers survive the way there and back")
{
    auto line = request_line("echo", {{"text", "two\nlines \"quoted\""}});
    CHECK(line.find('\n') == line.size() - 1);
    const auto reply = read_answer(answer(line, {}, perform));
    REQUIRE(std::holds_alternative<json::object>(reply));
    CHECK(std::get<json::object>(reply).at("text") == "two\nlines \"quoted\"");
    CHECK(std::get<CommandError>(read_answer("nonsense")).code == "protocol");
    CHECK(std::get<CommandError>(read_answer(R"({"v":1})")).code == "protocol");
    CHECK(std::get<CommandError>(read_answer(R"({"v":1,"error":{"code":"","sentence":""}})")).code == "protocol");
}
