// Everything a program that uses Sidetone may include.
#pragma once

#include <sidetone/access_token.hpp>
#include <sidetone/audio_frame.hpp>
#include <sidetone/audio_source.hpp>
#include <sidetone/audio_stream.hpp>
#include <sidetone/error.hpp>
#include <sidetone/log.hpp>
#include <sidetone/participant.hpp>
#include <sidetone/room.hpp>
#include <sidetone/room_events.hpp>
#include <sidetone/room_server.hpp>
#include <sidetone/room_types.hpp>
#include <sidetone/runtime.hpp>
#include <sidetone/stats.hpp>
#include <sidetone/track.hpp>
