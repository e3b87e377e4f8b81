#include "pipeline.h"

#include <future>

#include "progress.h"
#include "timing.h"

namespace matting {

namespace {

std::future<Bytes> StartReading(const std::filesystem::path& path, size_t size) {
  return std::async(std::launch::async, ReadInput, path, size);
}

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
      session->RunJoined(input.data());
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
