#pragma once
#include "core/privacy/dialog_seal.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sotto {

/// A dialog that a request about another dialog names (Replaces, Join, Target-Dialog): SEALING.md "Requests that quote
/// another dialog". Three parties: who quotes it, who carries the quote, and the target, who is the quoting party's
/// peer in it.
struct QuotedDialog {
    Epoch epoch;
    Salt salt;
    Role target_role{Role::callee}; ///< the target's side of the quoted dialog
    std::string call_id;            ///< the caller's own
    DialogSeal::Tag quoting_tag;    ///< the quoting party's own tag
    std::string target_tag;         ///< the target's own tag
    std::string target_owner;       ///< mark of the target: in anybody else's hands the dialog stays closed
};

/// The three values as one party writes them: Call-ID, the target's tag, its own tag.
struct QuoteText {
    std::string_view call_id;
    std::string_view target_tag;
    std::string_view quoting_tag;
};

/// Reads the quoting party's own view of one of its dialogs. Nothing when it is none of its dialogs.
std::optional<QuotedDialog> read_quote(const QuoteText& text, Holder quoting, SealParts parts);

/// The dialog as one token for the party that carries the quote. What is too long for it is kept in memory for the
/// dialog's life.
std::string seal_quote(const QuotedDialog& dialog, Holder carrier, SealParts parts);
/// Back from the carrier's hands.
std::optional<QuotedDialog> open_quote(std::string_view token, Holder carrier, SealParts parts);

/// The dialog as the target knows it.
struct TargetView {
    std::string call_id;
    std::string target_tag;
    std::string quoting_tag;
};
TargetView view_of_target(const QuotedDialog& dialog, Holder target, SealParts parts);

} // namespace sotto
