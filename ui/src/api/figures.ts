// The figures of all queues, which the overview begins with.
import { queryOptions } from "@tanstack/react-query";
import { api, read } from "./client";

export const readFigures = () => read(api.GET("/queue/stats"));

export const figuresQuery = queryOptions({ queryKey: ["queue-stats"], queryFn: readFigures });
