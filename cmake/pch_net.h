// For the module that names Asio, Beast and nghttp2.
#pragma once
#include <nghttp2/nghttp2.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http.hpp>

#include "pch.h"
