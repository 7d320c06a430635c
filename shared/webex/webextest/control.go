package webextest

import "net/http"

func (c *Cloud) controlRoutes() http.Handler { return http.NotFoundHandler() }
