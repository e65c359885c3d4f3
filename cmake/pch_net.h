// For the modules that name Asio and Beast.
#pragma once
#include "pch.h"
#include <boost/asio.hpp>
#include <boost/beast.hpp>
