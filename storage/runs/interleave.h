// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: 2026 The Rankwright authors
// Several runs at once, a step of each in turn: their curves grow together, and what slows the machine down slows all of them alike.
// Exactly one works at any moment, so numbers and the meaning of a second of training stay as in a run alone; every run holds its own
// copy of the model.
#pragma once

#include "training/api/events.h"

#include <cstddef>
#include <functional>

namespace rankwright {

// Calls work(0 .. count - 1), each on a thread of its own, and returns when all have ended. `turn` has to be among the watchers of the run
// that work(i) trains: after each step, and while it is paused, it hands over to the next run that has not ended. Work is begun in order: the second run opens its model
// when the first has taken a step. An exception of `work` ends the program: it has to keep what went wrong itself.
void inTurns(size_t count, const std::function<void(size_t index, Events& turn)>& work);
// The same without turns, for runs that meet in the engine (Together).
void atOnce(size_t count, const std::function<void(size_t index)>& work);

}  // namespace rankwright
