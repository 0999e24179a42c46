#pragma once
#include <cstdint>
#include <string_view>

namespace sotto {

/// What a CMS message holds, by its content type (RFC 5652 3, RFC 5083 2).
enum class CmsContent : std::uint8_t { enveloped, auth_enveloped, other };

/// `other` also for what is no CMS message in DER or BER, or has something behind it.
CmsContent cms_content(std::string_view bytes);

/// One of the two enveloped kinds, in which nothing stands in the clear that names another than its receiver: one
/// recipient, no certificates of the originator, an ephemeral key or none, no attributes (RFC 5652 6, RFC 5083 2.1),
/// and nothing where the standard has nothing. What algorithms have for parameters is not looked into.
bool names_receiver_alone(std::string_view bytes);

/// The hash that a multipart/signed names, in the spelling of RFC 8551 3.5.3.2; empty when it is not known.
std::string_view find_micalg(std::string_view written);

/// A MIME part of type text/plain, in UTF-8 or without a charset, with no header that could say anything else.
bool is_plain_text(std::string_view part);

/// Base64 in lines (RFC 2045 6.8).
bool is_base64_text(std::string_view text);

} // namespace sotto
