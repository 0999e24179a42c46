#include "core/transaction/key.hpp"

#include "core/transaction/toy_cryptography.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::transaction;

namespace {

test::ToyCryptography cryptography;

struct Request {
    Via via{
        .transport = "TLS", .host = "pc33.example.org", .port = 5061, .params = "branch=z9hG4bK776;rport", .text = "v"};
    Message message{64};

    explicit Request(Method method)
    {
        message.method = method;
        message.method_name = name_of(method);
        message.request_uri.text = "sip:bob@example.org";
        message.from.params = "tag=1928";
        message.call_id = "a84b4c76e66710";
        message.cseq = {.number = 314159, .method = method, .method_name = name_of(method)};
        message.vias = {&via, 1};
    }
    KeyedHash key() { return server_key(cryptography, message); }
};

} // namespace

TEST_CASE("a retransmission has the key of its transaction, whatever else differs", "[rfc3261][17.2.3]")
{
    Request first{Method::invite};
    Request again{Method::invite};
    again.via.params = "rport;branch=z9hG4bK776;alias";
    again.via.host = "PC33.Example.ORG";
    again.message.call_id = "other";
    CHECK(first.key() == again.key());
}

TEST_CASE("branch, sent-by and method tell transactions apart", "[rfc3261][17.2.3]")
{
    Request first{Method::invite};
    Request branch{Method::invite};
    branch.via.params = "branch=z9hG4bK777";
    Request host{Method::invite};
    host.via.host = "pc34.example.org";
    Request port{Method::invite};
    port.via.port = 5071;
    CHECK(first.key() != branch.key());
    CHECK(first.key() != host.key());
    CHECK(first.key() != port.key());
    CHECK(first.key() != Request{Method::bye}.key());
}

TEST_CASE("an ACK belongs to its INVITE; a CANCEL names it and has a transaction of its own", "[rfc3261][17.2.3][9.2]")
{
    Request invite{Method::invite};
    Request cancel{Method::cancel};
    CHECK(Request{Method::ack}.key() == invite.key());
    CHECK(cancel.key() != invite.key());
    CHECK(cancelled_key(cryptography, cancel.message) == invite.key());
}

TEST_CASE("without the magic cookie a request is matched by RFC 2543's rules", "[rfc3261][17.2.3]")
{
    Request invite{Method::invite};
    invite.via.params = "branch=1";
    SECTION("the ACK carries our To tag, the CANCEL none")
    {
        Request ack{Method::ack};
        ack.via.params = "branch=1";
        ack.message.to.params = "tag=314";
        CHECK(ack.key() == invite.key());
        Request cancel{Method::cancel};
        cancel.via.params = "branch=1";
        CHECK(cancelled_key(cryptography, cancel.message) == invite.key());
    }
    SECTION("each of the other parts counts")
    {
        Request other{Method::invite};
        other.via.params = "branch=1";
        SECTION("Request-URI") { other.message.request_uri.text = "sip:carol@example.org"; }
        SECTION("From tag") { other.message.from.params = "tag=2"; }
        SECTION("Call-ID") { other.message.call_id = "b"; }
        SECTION("CSeq") { other.message.cseq.number = 314160; }
        SECTION("top Via") { other.via.text = "w"; }
        CHECK(other.key() != invite.key());
    }
    SECTION("two dialogs of one forked call are told apart by the To tag")
    {
        Request bye{Method::bye};
        Request other{Method::bye};
        bye.via.params = other.via.params = "branch=1";
        other.message.to.params = "tag=2";
        CHECK(bye.key() != other.key());
    }
}

TEST_CASE("a branch longer than any buffer still has a key", "[rfc3261][17.2.3]")
{
    const std::string longer = "branch=z9hG4bK" + std::string(5000, 'x');
    Request first{Method::invite};
    Request second{Method::invite};
    first.via.params = longer;
    const auto other = longer + "y";
    second.via.params = other;
    CHECK(first.key() != second.key());
    CHECK(first.key() == server_key(cryptography, first.message));
}
