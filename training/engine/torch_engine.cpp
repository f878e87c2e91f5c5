// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
#include "training/engine/torch_engine.h"

#include "training/analysis/drift.h"
#include "training/analysis/quant_error.h"
#include "training/analysis/shrink.h"
#include "training/analysis/spectrum.h"
#include "training/api/error.h"
#include "training/device/device.h"
#include "training/engine/eval_job.h"
#include "training/engine/inference_jobs.h"
#include "training/engine/preview_job.h"
#include "training/export/export_run.h"
#include "training/generate/chat.h"
#include "training/generate/generate.h"
#include "training/models/model_source.h"
#include "training/train/estimate.h"
#include "training/train/train_run.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

namespace rankwright {

namespace {

Result answer(const InspectJob& job, JobContext&) { return inspectModel(job.model); }
Result answer(const SpectrumJob& job, JobContext& context) { return modelSpectrum(job, context); }
Result answer(const QuantErrorJob& job, JobContext& context) { return quantErrors(job, context); }
Result answer(const PreviewJob& job, JobContext& context) { return previewData(job, context); }
Result answer(const EstimateJob& job, JobContext& context) { return estimate(job, context); }
Result answer(const StepZeroJob& job, JobContext& context) { return stepZero(job.config, context); }
Result answer(const TrainJob& job, JobContext& context) { return train(job, context); }
Result answer(const EvalJob& job, JobContext& context) { return evaluateModel(job, context); }
Result answer(const LogitsJob& job, JobContext& context) { return writeLogits(job, context); }
Result answer(const GenerateJob& job, JobContext& context) { return generate(job, context); }
Result answer(const DriftJob& job, JobContext& context) { return measureDrift(job, context); }
Result answer(const ShrinkJob& job, JobContext& context) { return shrinkRun(job, context); }
Result answer(const ExportJob& job, JobContext& context) { return exportRun(job, context); }
Result answer(const VerifyJob& job, JobContext& context) { return verifyModel(job, context); }
Result answer(const DevicesJob&, JobContext&) { return devices(); }

// Questions that the window asks beside a conversation and that take little memory.
template<class J>
constexpr bool kIsSmall = std::is_same_v<J, InspectJob> || std::is_same_v<J, PreviewJob> || std::is_same_v<J, EstimateJob>
    || std::is_same_v<J, DevicesJob> || std::is_same_v<J, ChatJob>;

// LibTorch throws on many lines; its text is for developers. On a CPU, running out of memory is a c10::Error too.
[[noreturn]] void translate(const c10::Error& error)
{
    const std::string text = error.what_without_backtrace();
    if (text.find("can't allocate memory") != std::string::npos) {
        throw Error({.code = Code::memory,
            .place = "allocating",
            .found = text.substr(0, text.find('\n')),
            .advice = "Lower the batch or the maximum length, or close other programs."});
    }
    throw Error({.code = Code::internal,
        .place = "LibTorch",
        .found = text.substr(0, text.find('\n')),
        .advice = "This is a defect: please report it with the command that led here."});
}

class TorchEngine : public Engine
{
public:
    Result run(const Job& job, Events& events, std::stop_token stop) override
    {
        JobContext context(events, std::move(stop));
        try {
            return std::visit([&](const auto& asked) { return answerTo(asked, context); }, job);
        } catch (const c10::Error& error) {
            translate(error);
        } catch (const std::bad_alloc&) {
            throw Error({.code = Code::memory,
                .place = "allocating",
                .found = "not enough memory",
                .advice = "Lower the batch or the maximum length, or close other programs."});
        } catch (const Error&) {
            throw;
        } catch (const std::filesystem::filesystem_error& error) {
            throw Error({.code = Code::io,
                .file = error.path1(),
                .place = "file system",
                .found = error.code().message(),
                .advice = "Check the folder's permissions and the free space."});
        } catch (const nlohmann::json::exception& error) {
            throw Error({.code = Code::format,
                .place = "JSON",
                .found = error.what(),
                .advice = "A file that was read holds a value of another kind than expected: fetch or export it again."});
        } catch (...) {
            throw Error({.code = Code::internal,
                .place = "engine",
                .found = "an exception of an unexpected kind",
                .advice = "This is a defect: please report it with the command that led here."});
        }
    }

    [[nodiscard]] std::string versions() const override
    {
        return std::string("LibTorch ") + TORCH_VERSION + ", CUDA " + cudaText() + ", " + std::to_string(at::get_num_threads())
            + " threads";
    }

private:
    template<class J>
    Result answerTo(const J& job, JobContext& context)
    {
        if constexpr (!kIsSmall<J>)
            m_chat.release();
        if constexpr (std::is_same_v<J, ChatJob>)
            return m_chat.answer(job, context);
        else
            return answer(job, context);
    }
    ChatRoom m_chat;
};

}  // namespace

std::unique_ptr<Engine> makeTorchEngine()
{
    return std::make_unique<TorchEngine>();
}

}  // namespace rankwright
