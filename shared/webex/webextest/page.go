package webextest

import "net/http"

func (c *Cloud) pageRoutes() http.Handler { return http.NotFoundHandler() }
