// Marks what the shared library exports. Everything else is hidden.
#pragma once

#define SIDETONE_API __attribute__((visibility("default")))
