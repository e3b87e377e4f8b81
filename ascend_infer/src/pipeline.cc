#include "pipeline.h"

#include <future>

#include "progress.h"
#include "timing.h"

namespace matting {

namespace {

std::future<Bytes> StartReading(const std::filesystem::path& path, size_t size, Bytes room) {
  return std::async(std::launch::async, ReadInput, path, size, std::move(room));
}

// The future gives back the outputs, whose memory serves the next ones: new memory costs more than copying.
std::future<std::vector<Bytes>> StartWriting(const std::filesystem::path& folder, const std::string& name,
                                             std::vector<Bytes> outputs) {
  return std::async(std::launch::async, [&folder, name, outputs = std::move(outputs)]() mutable {
    WriteOutputs(folder, name, outputs);
    return std::move(outputs);
  });
}

}  // namespace

PipelineResult RunPipeline(Session* session, const std::vector<std::filesystem::path>& inputs,
                           const std::filesystem::path& output) {
  PipelineResult result;
  const Stopwatch total;
  Progress progress(inputs.size());
  Bytes room;  // of the input before
  std::vector<Bytes> outputs;
  std::future<std::vector<Bytes>> writing;
  std::future<Bytes> reading = StartReading(inputs.front(), session->InputSize(), {});
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = inputs[i].stem().string();
    std::future<Bytes> current = std::move(reading);
    if (i + 1 < inputs.size()) {
      reading = StartReading(inputs[i + 1], session->InputSize(), std::move(room));
    }
    try {
      Bytes input = current.get();
      const Stopwatch run;
      session->RunJoined(input.data());
      result.milliseconds.push_back(run.Milliseconds());
      room = std::move(input);
    } catch (const InputError& error) {
      result.skipped.push_back(error.what());
      RemoveOutputs(output, name, session->OutputCount());
      progress.Show(i + 1);
      continue;
    }
    if (writing.valid()) {
      outputs = writing.get();
    }
    session->CopyOutputs(&outputs);
    writing = StartWriting(output, name, std::move(outputs));
    progress.Show(i + 1);
  }
  if (writing.valid()) {
    writing.get();
  }
  result.total_milliseconds = total.Milliseconds();
  return result;
}

}  // namespace matting
