#include "core/message/refusal.hpp"

#include <algorithm>
#include <array>

namespace sotto {
namespace {

// In the order of the enumeration. A 400 names what was wrong with the form, never a value.
// clang-format off
constexpr std::array<Verdict, static_cast<std::size_t>(Refusal::count_)> verdicts{{
    {400, "Malformed Request Line"}, {400, "Malformed Header Field"}, {400, "Missing Header Field"},
    {400, "Repeated Header Field"}, {400, "CSeq Does Not Match Method"}, {400, "Bad Content-Length"},
    {400, "Malformed URI"}, {400, "Inconsistent SIPS Use"}, {400, "Bad Expires"}, {400, "Bad Contact"},
    {400, "Bad Route"}, {400, "Bad Body"},
    {413, "Request Entity Too Large"}, {414, "Request-URI Too Long"}, {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"}, {420, "Bad Extension"}, {483, "Too Many Hops"},
    {505, "Version Not Supported"}, {513, "Message Too Large"}, {501, "Not Implemented"},
    {405, "Method Not Allowed"}, {482, "Loop Detected"}, {440, "Max-Breadth Exceeded"},
    {401, "Unauthorized"}, {407, "Proxy Authentication Required"}, {403, "Forbidden"}, {403, "From Is Not Yours"},
    {404, "Not Found"}, {480, "Temporarily Unavailable"}, {481, "Call/Transaction Does Not Exist"},
    {423, "Interval Too Brief"}, {489, "Bad Event"}, {503, "Service Unavailable"}, {500, "Server Internal Error"},
    {408, "Request Timeout"}, {488, "Not Acceptable Here"}, {491, "Request Pending"},
    {433, "Anonymity Disallowed"}, {500, "Requested Privacy Not Available"}, {430, "Flow Failed"},
    {439, "First Hop Lacks Outbound Support"}, {421, "Extension Required"},
    {487, "Request Terminated"}, {500, "CSeq Out of Order"}, {484, "Address Incomplete"}, {600, "Busy Everywhere"},
    {603, "Decline"}, {404, "No Anonymous Caller Lately"}, {603, "Last Anonymous Caller Blocked"},
    {555, "Push Notification Service Not Supported"},
}};
// clang-format on

// clang-format off
constexpr Verdict phrases[] = {
    {100, "Trying"}, {180, "Ringing"}, {181, "Call Is Being Forwarded"}, {182, "Queued"}, {183, "Session Progress"},
    {199, "Early Dialog Terminated"}, {200, "OK"}, {202, "Accepted"}, {204, "No Notification"},
    {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Moved Temporarily"}, {305, "Use Proxy"},
    {380, "Alternative Service"}, {400, "Bad Request"}, {401, "Unauthorized"}, {402, "Payment Required"},
    {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {410, "Gone"},
    {412, "Conditional Request Failed"}, {413, "Request Entity Too Large"}, {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"}, {416, "Unsupported URI Scheme"}, {420, "Bad Extension"},
    {421, "Extension Required"}, {422, "Session Interval Too Small"}, {423, "Interval Too Brief"},
    {430, "Flow Failed"}, {433, "Anonymity Disallowed"}, {439, "First Hop Lacks Outbound Support"},
    {440, "Max-Breadth Exceeded"}, {469, "Bad Info Package"}, {470, "Consent Needed"},
    {480, "Temporarily Unavailable"}, {481, "Call/Transaction Does Not Exist"}, {482, "Loop Detected"},
    {483, "Too Many Hops"}, {484, "Address Incomplete"}, {485, "Ambiguous"}, {486, "Busy Here"},
    {487, "Request Terminated"}, {488, "Not Acceptable Here"}, {489, "Bad Event"}, {491, "Request Pending"},
    {493, "Undecipherable"}, {494, "Security Agreement Required"}, {500, "Server Internal Error"},
    {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Server Time-out"},
    {505, "Version Not Supported"}, {513, "Message Too Large"}, {555, "Push Notification Service Not Supported"},
    {580, "Precondition Failure"}, {600, "Busy Everywhere"}, {603, "Decline"}, {604, "Does Not Exist Anywhere"},
    {606, "Not Acceptable"}, {607, "Unwanted"}, {608, "Rejected"},
};
// clang-format on

} // namespace

Verdict verdict_of(Refusal refusal) { return verdicts[static_cast<std::size_t>(refusal)]; }

std::string_view reason_of(int status)
{
    const auto* row = std::ranges::find_if(phrases, [=](const Verdict& v) { return v.status == status; });
    if (row != std::end(phrases)) return row->reason;
    constexpr std::array<std::string_view, 7> classes{
        "", "Progress", "OK", "Redirection", "Client Error", "Server Error", "Global Failure"};
    const auto hundreds = static_cast<std::size_t>(status) / 100;
    return hundreds >= 1 && hundreds < classes.size() ? classes[hundreds] : "Unknown";
}

} // namespace sotto
