// What a name in a subject can do to a mail, and that its parts come out again.
#include "net/mail_text.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace pawl::net {
namespace {

TEST(MailText, NobodySmugglesALine) {
  const std::string text = mail_text({.from = "pawl@example.com",
                                      .to = "ann@example.com",
                                      .id = "m1",
                                      .thread = "a\r\nBcc: x@y",
                                      .list = "reports",
                                      .subject = "cost\r\nBcc: eve@example.com",
                                      .text = "a\r\n.\r\nQUIT\r\n",
                                      .html = "<p>ä</p>",
                                      .files = {{"a.csv", "text/csv", "1,2\n"}}},
                                     0);
  EXPECT_EQ(text.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(text.find("\r\n.\r\n"), std::string::npos);
  EXPECT_NE(text.find("Subject: =?UTF-8?B?"), std::string::npos);
  EXPECT_NE(text.find("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"), std::string::npos);
  EXPECT_NE(text.find("List-Id: Pawl reports <reports.example.com>"), std::string::npos);
  EXPECT_NE(text.find(to_base64("<p>ä</p>")), std::string::npos);
  EXPECT_NE(text.find("filename=\"a.csv\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + to_base64("1,2\n")),
            std::string::npos);
  EXPECT_TRUE(text.ends_with("--pawl-m1-all--\r\n"));
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) EXPECT_EQ(text[at - 1], '\r');
}

TEST(MailText, Addresses) {
  for (const char* good : {"a@b", "first.last+tag@mail.example.com"}) EXPECT_TRUE(is_mail_address(good)) << good;
  for (const char* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b,c@d", "<a@b>", "a@b\r\n", "\xC3\xA4@b"})
    EXPECT_FALSE(is_mail_address(bad)) << bad;
}

}  // namespace
}  // namespace pawl::net
