// The address of a webhook, which the server looks at while it is typed.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, read } from "../../api/client";
import { ApiError, reasonOf } from "../../api/problem";
import { TextField } from "../../components/Form";
import { Icon } from "../../components/Icon";
import { useSettled } from "../../lib/settled";
import { t } from "../../texts";

export function UrlField({ url }: { url: string | undefined }) {
  const [text, setText] = useState(url ?? "");
  const texts = t.webhooks.form;
  return (
    <TextField
      label={texts.url}
      name="url"
      type="url"
      required
      maxLength={2_048}
      placeholder="https://example.com/hooks"
      value={text}
      onChange={(event) => setText(event.target.value)}
      hint={<Check url={text.trim()} isSaved={text === url} />}
    />
  );
}

/** What the server says of an address; as long as it is the saved one or none, what it must be. */
function Check({ url, isSaved }: { url: string; isSaved: boolean }) {
  const settled = useSettled(url);
  const isOff = isSaved || settled === "";
  const { data, error, isFetching } = useQuery({
    queryKey: ["url-check", settled],
    queryFn: () => read(api.POST("/webhooks/check", { body: { url: settled } })),
    enabled: !isOff,
    retry: false,
    staleTime: 60_000,
  });
  const texts = t.webhooks.form;
  return (
    <span className="url-check" role="status">
      {isOff && <span className="quiet">{texts.urlHint}</span>}
      {!isOff && isFetching && <span className="quiet">{texts.checking}</span>}
      {!isOff && !isFetching && data && (
        <span className={data.is_https ? "check-ok" : "check-warn"}>
          <Icon name={data.is_https ? "check" : "warning"} size={14} />
          {data.is_https ? texts.isSecure : texts.isPlain}
        </span>
      )}
      {!isOff && !isFetching && error && (
        <span className="check-bad">
          <Icon name="close" size={14} />
          {error instanceof ApiError
            ? (error.problem.errors?.[0]?.detail ?? reasonOf(error))
            : reasonOf(error)}
        </span>
      )}
    </span>
  );
}
