// Ends queries whose asker has gone: they are tagged by the setting `log_comment`, and killed by it.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace pawl::warehouse {

class Cancellations {
 public:
  // `kill` gets a tag; it may block, and is called once for each.
  explicit Cancellations(std::function<void(const std::string& tag)> kill);
  ~Cancellations();
  Cancellations(const Cancellations&) = delete;
  Cancellations& operator=(const Cancellations&) = delete;

  // While this lives `gone` is asked some times a second; no `gone`: nothing happens, and the tag is "".
  class Watched {
   public:
    Watched(Cancellations& all, const std::function<bool()>& gone);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    const std::string& tag() const { return tag_; }

   private:
    Cancellations& all_;
    std::string tag_;
  };

  static std::string kill_sql(const std::string& tag);

 private:
  void run();
  std::function<void(const std::string&)> kill_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::unordered_map<std::string, const std::function<bool()>*> watched_;
  std::uint64_t next_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pawl::warehouse
