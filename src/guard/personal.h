// Personal data by its shape and its check digits: cards, accounts, addresses, numbers. For guard/*.cc only.
// `text` is a text or a JSON document; each reader gets a position in it (readers.cc says which).
#pragma once
#include <optional>
#include <string_view>

#include "guard/secrets.h"

namespace pawl::guard {

// Nothing that a name is made of stands before `at`: "risk-…" holds no key. A letter that is part of an escape of JSON
// (\n, \u0022) is none.
bool begins_here(std::string_view text, std::size_t at);

std::optional<Secret> read_email(std::string_view text, std::size_t at);  // at: the at sign
// ISO/IEC 7812: 13 to 19 digits of a known issuer with Luhn's check digit, in groups or not. Here and below where no
// size is known beforehand, `at` is behind a byte of it.
std::optional<Secret> read_card(std::string_view text, std::size_t at);
std::optional<Secret> read_iban(std::string_view text, std::size_t at);   // ISO 13616, check digits by ISO 7064 mod 97
std::optional<Secret> read_phone(std::string_view text, std::size_t at);  // E.164 behind a plus, 8 to 15 digits
std::optional<Secret> read_phone_of_us(std::string_view text, std::size_t at);
std::optional<Secret> read_social_security(std::string_view text, std::size_t at);
std::optional<Secret> read_cpf(std::string_view text, std::size_t at);  // both check digits
std::optional<Secret> read_ip(std::string_view text, std::size_t at);

}  // namespace pawl::guard
