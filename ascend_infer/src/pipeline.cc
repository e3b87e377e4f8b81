#include "pipeline.h"

#include <cstdio>
#include <future>

#include "timing.h"

namespace matting {

namespace {

constexpr double kProgressInterval = 500;  // ms

std::future<Bytes> StartReading(const std::filesystem::path& path, size_t size) {
  return std::async(std::launch::async, ReadInput, path, size);
}

// A progress line on the terminal, updated in place.
class Progress {
 public:
  explicit Progress(size_t total) : total_(total) {}
  ~Progress() {
    if (is_shown_) {
      std::fprintf(stderr, "\n");
    }
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void Show(size_t done) {
    if (since_shown_.Milliseconds() < kProgressInterval && done < total_) {
      return;
    }
    since_shown_ = Stopwatch();
    is_shown_ = true;
    std::fprintf(stderr, "\rinference: %zu/%zu, %.2f images/s", done, total_,
                 1000 * static_cast<double>(done) / since_start_.Milliseconds());
  }

 private:
  size_t total_;
  bool is_shown_ = false;
  Stopwatch since_start_;
  Stopwatch since_shown_;
};

}  // namespace

PipelineResult RunPipeline(Session* session, const std::vector<std::filesystem::path>& inputs,
                           const std::filesystem::path& output) {
  PipelineResult result;
  const Stopwatch total;
  Progress progress(inputs.size());
  std::future<void> writing;
  std::future<Bytes> reading = StartReading(inputs.front(), session->InputSize());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = inputs[i].stem().string();
    std::future<Bytes> current = std::move(reading);
    if (i + 1 < inputs.size()) {
      reading = StartReading(inputs[i + 1], session->InputSize());
    }
    try {
      const Bytes input = current.get();
      const Stopwatch run;
      session->Run(input);
      result.milliseconds.push_back(run.Milliseconds());
    } catch (const InputError& error) {
      result.skipped.push_back(error.what());
      RemoveOutputs(output, name, session->OutputCount());
      progress.Show(i + 1);
      continue;
    }
    if (writing.valid()) {
      writing.get();
    }
    writing = std::async(std::launch::async, WriteOutputs, output, name, session->Outputs());
    progress.Show(i + 1);
  }
  if (writing.valid()) {
    writing.get();
  }
  result.total_milliseconds = total.Milliseconds();
  return result;
}

}  // namespace matting
