// Something a button does: asks the server, says how it went, and has what it changed read again.
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { confirm, type Question } from "./confirm";
import { toast, toastError } from "./toasts";

interface Options<R> {
  /** Said when it worked. */
  done?: string | ((result: R) => string);
  /** What to read again. */
  changes?: readonly QueryKey[];
  next?: (result: R) => void;
}

export function useAction<R, V = void>(act: (input: V) => Promise<R>, options: Options<R> = {}) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onError: toastError,
    onSuccess: (result) => {
      const { done, changes = [], next } = options;
      if (done !== undefined) toast(typeof done === "string" ? done : done(result));
      for (const key of changes) void queries.invalidateQueries({ queryKey: key });
      next?.(result);
    },
  });
}

/** The same for what destroys something: it asks first, in words that name the object. */
export function useAsked<R>(act: () => Promise<R>, question: Omit<Question, "danger">, options: Options<R>) {
  const { mutate } = useAction(act, options);
  return async () => {
    if (await confirm({ ...question, danger: true })) mutate();
  };
}
