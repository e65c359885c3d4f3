// Traces, spans, their content and what counts in them: rows, batches, the warehouse tables that hold them.
#pragma once
#include "batch.h"
#include "history.h"
#include "logs.h"
#include "refusals.h"
#include "rollups.h"
#include "row.h"
#include "status.h"
#include "store.h"
#include "told.h"
