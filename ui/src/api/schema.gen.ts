// Made from docs/reference/openapi.json by `npm run types`; not edited by hand.
export interface paths {
    "/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the API keys of the company, the newest first
         * @description Revoked ones too, for thirty days.
         */
        get: operations["list_api_keys"];
        put?: never;
        /**
         * Makes an API key
         * @description People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["create_api_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api-keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes an API key
         * @description People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        delete: operations["revoke_api_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists who did what, the newest first
         * @description A filtered page may be empty and still have a next one.
         */
        get: operations["list_audit_entries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Exports the audit log, the oldest first
         * @description About 4 MiB at a time. When more follows, the header `X-Next-After` has the number to go on after.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        get: operations["export_audit_entries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/invites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists invitations that were not used, the newest first
         * @description Those that are over (`expires_at`) are removed some time later.
         */
        get: operations["list_invites"];
        put?: never;
        /**
         * Invites a person to the company
         * @description An earlier invitation of the same address is replaced. Good for a week.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["create_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/invites/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Accepts an invitation and signs the person in */
        post: operations["accept_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/invites/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Withdraws an invitation */
        delete: operations["delete_invite"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs a person in
         * @description Answers with tokens. With the header `X-Session-Mode: cookie` they come as cookies that no script can read.
         */
        post: operations["log_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/login/mfa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs a person in with a second factor */
        post: operations["log_in_mfa"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs out of this session */
        post: operations["log_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/logout-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs out of every session */
        post: operations["log_out_everywhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells who is calling */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Changes one's own password
         * @description All other sessions of the person end with it.
         */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/password/forgot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a link to choose another password
         * @description The answer is the same whether or not the address has an account. The link is good once and for an hour; a newer one takes its place.
         */
        post: operations["forgot_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Chooses another password with a link
         * @description Every session of the person ends. A second factor stays and is asked for at the next sign-in.
         */
        post: operations["reset_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/reauthenticate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Proves again who one is
         * @description Operations that say so ask for it when the last proof is older than `auth.proof_lifetime_ms`. It takes what signing in takes: the password, and a code or a recovery code where there is a second factor. A new session takes the place of the present one, whose tokens are good no more; go on with those of the answer.
         */
        post: operations["reauthenticate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges a refresh token for the next one
         * @description A refresh token is good once. For ten seconds its repeat is answered with the same successor; after that a second use ends the session.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a company of one's own, where that is allowed */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists one's own sessions, the newest first
         * @description All of them at once: a person has at most 50.
         */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of one's own sessions */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the first company and signs its admin in */
        post: operations["set_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what changed, the oldest first
         * @description Changes of the company's jobs and deliveries in the order of their commits; a change that was answered is in the feed.
         *     Kept for three days, less when they are very many. A change whose job is not there any more is left out. The jobs that
         *     carry deliveries are not told: deliveries are.
         */
        get: operations["list_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/company": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the company of the caller */
        get: operations["get_company"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes the company's name or policy
         * @description With `mfa_required`: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        patch: operations["update_company"];
        trace?: never;
    };
    "/company/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows how much there is of everything in the company
         * @description From maintained counters, read at most once a minute; `as_of` says when.
         */
        get: operations["get_company_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a delivery with its attempts and its body */
        get: operations["get_delivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deliveries/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancels a pending delivery */
        post: operations["cancel_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deliveries/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a delivery again now */
        post: operations["retry_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/departments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the company's departments */
        get: operations["list_departments"];
        put?: never;
        /** Makes a department */
        post: operations["create_department"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/departments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a department */
        get: operations["get_department"];
        put?: never;
        post?: never;
        /** Removes a department; its people stay in the company */
        delete: operations["delete_department"];
        options?: never;
        head?: never;
        /** Changes a department's name or description */
        patch: operations["update_department"];
        trace?: never;
    };
    "/departments/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the people of a department */
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/departments/{id}/members/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Puts a person into a department
         * @description Admins into any, managers into those they are in themselves. Once more changes nothing.
         */
        put: operations["add_member"];
        post?: never;
        /** Takes a person out of a department */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the templates of the company by name */
        get: operations["list_email_templates"];
        put?: never;
        /**
         * Makes a template
         * @description Templates are written in the language of Jinja: `{{ variable }}`, `{% if %}`, `{% for %}` and some filters. A variable that is missing is an error. What could grow without end (`set`, `with`, `~`, `*`, lists) is refused.
         */
        post: operations["create_email_template"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/email-templates/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a template */
        get: operations["get_email_template"];
        /**
         * Makes a template, or replaces it as a whole
         * @description Other texts make a new version; the same ones change nothing.
         */
        put: operations["put_email_template"];
        post?: never;
        /**
         * Deletes a template
         * @description E-mails in the queue keep the version they were made with.
         */
        delete: operations["delete_email_template"];
        options?: never;
        head?: never;
        /** Changes a template */
        patch: operations["update_email_template"];
        trace?: never;
    };
    "/email-templates/{name}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fills a template in and sends nothing */
        post: operations["preview_email_template"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/emails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists e-mails, the newest first
         * @description A page with filters may hold fewer items than asked for, even none, though `next_cursor` says that more may follow.
         */
        get: operations["list_emails"];
        put?: never;
        /**
         * Queues an e-mail
         * @description The e-mail is durable with its job when this answers. A temporary refusal and a lost connection are tried again by the policy of the queue `email`; a refusal for good is not. After a crash between sending and the server's answer it may arrive twice, with the same `Message-ID`.
         */
        post: operations["send_email"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/emails/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an e-mail */
        get: operations["get_email"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/event-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the event types of the company by name */
        get: operations["list_event_types"];
        put?: never;
        /** Adds an event type to the catalogue */
        post: operations["create_event_type"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/event-types/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an event type */
        get: operations["get_event_type"];
        put?: never;
        post?: never;
        /** Removes an event type from the catalogue */
        delete: operations["delete_event_type"];
        options?: never;
        head?: never;
        /** Changes an event type */
        patch: operations["update_event_type"];
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists events */
        get: operations["list_events"];
        put?: never;
        /** Publishes an event */
        post: operations["create_event"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Publishes many events, all or none */
        post: operations["create_events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an event with its deliveries */
        get: operations["get_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delivers an event again to the webhooks that subscribe to it now */
        post: operations["replay_event"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Groups the failed jobs of all queues by their error
         * @description The latest first, 1,000 at a time: `next_cursor` goes on behind them. Errors are alike when their first lines are, but for
         *     words that hold a digit. Jobs that the server runs itself are left out. To redrive or discard a group as a whole, give its
         *     `fingerprint` as `error` to `POST /jobs/actions`, first with `dry_run`, which counts it to the end.
         */
        get: operations["list_failures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how every part is */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers while the process lives */
        get: operations["get_liveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells whether to send work here */
        get: operations["get_readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists jobs
         * @description Newest first; finished jobs by `state` the latest end first, delayed and retrying ones the next due first, waiting
         *     ones in the order of their line. A page looks at a bounded number of jobs and bytes, so with a rare filter or large
         *     payloads it may be short, or empty, although more follow: `next_cursor` tells.
         */
        get: operations["list_jobs"];
        put?: never;
        /**
         * Enqueues a job
         * @description Answered once the job is on disk.
         */
        post: operations["create_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retries, cancels, deletes or promotes every job that a filter finds
         * @description Jobs accepted before now, in the states the action is for. It runs in the background in small steps, goes on after a
         *     restart, and leaves out jobs that the server runs itself.
         */
        post: operations["act_on_jobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enqueues up to 1,000 jobs, all or none
         * @description Jobs may wait for each other: `parent_ref` names the `ref` of the job that waits. A child whose unique key is taken is
         *     not created, and nobody waits for it.
         */
        post: operations["create_jobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Completes or fails up to 1,000 jobs
         * @description In one commit. A stale token refuses its own job and no other; the answer tells for each of them.
         */
        post: operations["settle_jobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a job with its result and errors */
        get: operations["get_job"];
        put?: never;
        post?: never;
        /**
         * Removes a finished job
         * @description With its payload, result and errors. One that is not finished has to be cancelled first.
         */
        delete: operations["delete_job"];
        options?: never;
        head?: never;
        /**
         * Changes a job that nobody works on
         * @description Payload and priority of a finished job can be changed too, to retry it then; its time cannot.
         */
        patch: operations["update_job"];
        trace?: never;
    };
    "/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancels a job that is not finished
         * @description A worker that has it is told with its next heartbeat, and its token is refused.
         */
        post: operations["cancel_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/children": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the children of a job with their results
         * @description In the order they were added. A page with large results may be shorter than asked for.
         */
        get: operations["list_job_children"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Completes a job */
        post: operations["complete_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/fail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Fails an attempt
         * @description The job is tried again by its rule, or fails for good when its attempts are used up or `discard` is set.
         */
        post: operations["fail_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Extends a lease
         * @description Every heartbeat counts from when it arrives, so an `Idempotency-Key` has no effect here.
         */
        post: operations["heartbeat_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a job's log, oldest line first */
        get: operations["list_job_log"];
        put?: never;
        /**
         * Adds lines to a job's log
         * @description A job keeps 1,000 lines over all its attempts; more are refused.
         */
        post: operations["append_job_log"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tells how far a job has come
         * @description It takes the place of what was told before, and is kept with the job.
         */
        post: operations["report_job_progress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the wait of a delayed or retrying job */
        post: operations["promote_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Puts a finished job back in line
         * @description With all its attempts before it.
         */
        post: operations["retry_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/jobs/{id}/snooze": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives a job back for later, without using an attempt */
        post: operations["snooze_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mailbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists messages to people of the company, the newest first
         * @description Without a mail server messages stay here: the newest 1,000 for 30 days. They hold links that open accounts, so only admins read them, and only an owner of the instance reads those about an owner. The first look of each person in an hour is recorded in the audit log.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        get: operations["list_mailbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the metrics in the Prometheus text format */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells how things stand with one's own second factor */
        get: operations["get_mfa"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Removes the second factor
         * @description All other sessions of the person end.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["disable_mfa"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replaces the recovery codes
         * @description People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["renew_recovery_codes"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins to set a second factor up
         * @description Nothing is asked for at sign-in until `POST /mfa/verify` has seen a code of this secret.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["set_up_mfa"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mfa/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enables the second factor with a first code
         * @description All other sessions of the person end.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["verify_mfa"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what the person is told, the newest first
         * @description What is for the person, and for managers and admins what is for those who operate the company, since they joined it. The
         *     newest 200 of each are kept, for 90 days. The same is told once an hour. `GET /stream` tells of new ones.
         */
        get: operations["list_notifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/notifications/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Marks all notifications as read */
        post: operations["read_notifications"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/notifications/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Marks a notification as read
         * @description For the person alone; others for whom it is have marks of their own. Marking it again changes nothing.
         */
        post: operations["read_notification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/play": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a receiver that shows what it is sent */
        post: operations["create_play_receiver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queue/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows the figures of every queue
         * @description From counters kept in the same commits as the jobs; nothing is counted for the answer.
         */
        get: operations["get_queue_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the company's queues and the built-in ones
         * @description All on one page: their number is bounded.
         */
        get: operations["list_queues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows a queue and its settings
         * @description Its figures stand in `GET /queue/stats`; they change too often for a tag.
         */
        get: operations["get_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes a queue's settings
         * @description They hold for all companies of the instance, and at once.
         */
        patch: operations["update_queue"];
        trace?: never;
    };
    "/queues/{name}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancels everything that waits in a queue
         * @description Of the caller's company, also what waits for children; active, delayed and retrying jobs stay, and children in other queues.
         *     With `dry_run` nothing is cancelled, and what would be is counted.
         */
        post: operations["drain_queue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Groups the failed jobs of a queue by their error
         * @description Errors are alike when their first lines are, but for words that hold a digit. To redrive or discard one group, give its
         *     `fingerprint` as `error`, and its kind, to `POST /jobs/actions`, first with `dry_run`.
         */
        get: operations["list_queue_failures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the groups of a queue that have limits of their own
         * @description All on one page: a company limits at most 100 groups of a queue.
         */
        get: operations["list_queue_groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/groups/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Sets the limits of a group
         * @description Of the caller's company, for jobs with this `group_key`, from now on and in place of what was set before; what runs goes on.
         *     The group need not have jobs yet.
         */
        put: operations["limit_queue_group"];
        post?: never;
        /**
         * Takes the limits of a group away
         * @description It follows the queue again.
         */
        delete: operations["unlimit_queue_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Leases jobs to a worker
         * @description A long poll: with `wait_ms` it answers as soon as there is a job, and with none when the time is over. The wait is
         *     cut to what the server allows one request. A queue that does not exist yet is waited for and not created.
         */
        post: operations["lease_jobs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows what a queue did over time
         * @description Of the caller's company, by minute, for thirty days. Counts are exact; after a kill those of its last minute are told by
         *     the first minute after the start, and the durations of that minute are lost. Percentiles are within 10 %.
         */
        get: operations["get_queue_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pauses a queue for the company
         * @description Nothing of it starts until it is resumed; what runs goes on.
         */
        post: operations["pause_queue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queues/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resumes a paused queue */
        post: operations["resume_queue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/report-definitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists what reports can be made of
         * @description Only what the caller may read. The list has one page.
         */
        get: operations["list_report_definitions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the reports of the company, the newest first */
        get: operations["list_reports"];
        put?: never;
        /**
         * Asks for a report
         * @description A job of the queue `report` renders it; `GET /reports/{id}` says how far it is.
         *
         *     With a definition of the audit log: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["create_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/reports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a report */
        get: operations["get_report"];
        put?: never;
        post?: never;
        /** Deletes a report, whatever its state */
        delete: operations["delete_report"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/reports/{id}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Downloads the file of a report
         * @description Takes `Range`, `If-Range` and `If-None-Match`. `Repr-Digest` (RFC 9530) and `ETag` are of the whole file.
         *
         *     With a report of the audit log: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        get: operations["download_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the company's schedules */
        get: operations["list_schedules"];
        put?: never;
        /**
         * Makes a schedule
         * @description It begins now: nothing before counts as missed.
         *
         *     With a report of the audit log as its target: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["create_schedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows when a rule would tick
         * @description Nothing is stored.
         */
        get: operations["preview_schedule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows a schedule
         * @description Its tag changes with every tick.
         */
        get: operations["get_schedule"];
        put?: never;
        post?: never;
        /**
         * Deletes a schedule
         * @description What it has started stays.
         */
        delete: operations["delete_schedule"];
        options?: never;
        head?: never;
        /**
         * Changes a schedule
         * @description With another rule, or enabled again, it begins anew from now.
         *
         *     With a report of the audit log as its target, then or before: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        patch: operations["update_schedule"];
        trace?: never;
    };
    "/schedules/{id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Starts what a schedule is for now
         * @description Beside its ticks, which stay as they are; also while it is disabled.
         *
         *     With a report of the audit log as its target: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["run_schedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the settings of the instance and its configuration */
        get: operations["get_settings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes settings of the instance, at once and for good
         * @description What the configuration says (see `fixed`) is refused.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        patch: operations["update_settings"];
        trace?: never;
    };
    "/storage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows what the store and its disk hold
         * @description The figures are the engine's own; the files beside the store are counted anew each time. A file belongs to a table when it holds rows of no other one.
         */
        get: operations["get_storage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follows what changes, live
         * @description Server-sent events: `ready` at the start; `change` with a line of the feed; `notification` with one that is new for the
         *     person, as `GET /notifications` shows it; `notifications_read` when the person has marked some as read, in whatever window;
         *     `queues` with the figures of the queues, at most
         *     once a second and only when something changed; `dropped` when the client was too far behind and goes on from the end; `end`
         *     with a reason when the server ends the stream, as when the session ends. The id of an event is a cursor of the feed, and
         *     `Last-Event-ID` resumes behind it. Comments keep the connection open. A company has at most 50 streams.
         */
        get: operations["get_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the people of the company */
        get: operations["list_users"];
        put?: never;
        /**
         * Adds a person with a first password
         * @description An invitation (`POST /auth/invites`) is better: nobody else ever knows a password then. With this one the person can sign in and do nothing but choose another (`POST /auth/password`).
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a person of the company */
        get: operations["get_user"];
        put?: never;
        post?: never;
        /** Removes a person from the company */
        delete: operations["delete_user"];
        options?: never;
        head?: never;
        /**
         * Changes a person's name, role, or whether he or she may sign in
         * @description With a role: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        patch: operations["update_user"];
        trace?: never;
    };
    "/users/{id}/mfa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Removes the second factor of a person who lost it
         * @description All sessions of the person end, and the person is told. Make sure who is asking before you do this.
         *
         *     People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        delete: operations["remove_user_mfa"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/users/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends all sessions of a person */
        delete: operations["end_user_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Tells which version runs */
        get: operations["get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the webhooks of the company */
        get: operations["list_webhooks"];
        put?: never;
        /** Creates a webhook */
        post: operations["create_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Checks whether a webhook may point at a URL
         * @description By the rules that count when it is saved; its host is looked up, and nothing is sent to it.
         */
        post: operations["check_webhook_url"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a webhook */
        get: operations["get_webhook"];
        put?: never;
        post?: never;
        /** Deletes a webhook and cancels its pending deliveries */
        delete: operations["delete_webhook"];
        options?: never;
        head?: never;
        /**
         * Changes a webhook
         * @description With a secret: People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        patch: operations["update_webhook"];
        trace?: never;
    };
    "/webhooks/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the deliveries of a webhook with their attempts */
        get: operations["list_webhook_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delivers finished deliveries of a webhook again */
        post: operations["replay_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a webhook a new secret
         * @description People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        post: operations["rotate_webhook_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows the secret of a webhook
         * @description People must have signed in or proved themselves a short while ago, else the answer is 403 `reauthentication_required`; see `POST /auth/reauthenticate`.
         */
        get: operations["get_webhook_secret"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the figures of a webhook */
        get: operations["get_webhook_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a signed test event to a webhook now
         * @description The answer comes with the end of the attempt, which is cut off before the request's own time is over.
         */
        post: operations["test_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the external workers
         * @description Those that asked for jobs within the last minute or hold some, by queue and name, on one page: their number is bounded,
         *     and of the jobs they hold at most 1,000 are shown. Handlers inside the server stand in `workers` of `GET /queue/stats`.
         */
        get: operations["list_workers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The token, and who the person is. */
        AcceptInput: {
            /** @description The person's name. */
            name: string;
            /**
             * Format: password
             * @description 12 to 128 characters, not easy to guess.
             */
            password: string;
            /** @description The token of the invitation. */
            token: string;
        };
        /** @description What became of a batch. */
        AcceptedBatch: {
            callback?: components["schemas"]["AcceptedJob"] | null;
            /** @description One entry per job, in the order sent. */
            jobs: components["schemas"]["AcceptedJob"][];
        };
        /** @description An event that was accepted. */
        AcceptedEvent: {
            /**
             * Format: int32
             * @description Deliveries created for it: now, or before when it is a duplicate.
             */
            deliveries: number;
            /** @description Whether the event was there already and nothing was done. */
            duplicate: boolean;
            /**
             * @description Its id; the one the caller gave, if any.
             * @example evt_01jd3k7q4m8x2b5n6p9r0s1t2v
             */
            id: string;
            /** @description The name of its type. */
            type: string;
        };
        /** @description Events that were accepted, in the order given. */
        AcceptedEvents: {
            /** @description One for each event given. */
            events: components["schemas"]["AcceptedEvent"][];
        };
        /** @description What became of an enqueue. */
        AcceptedJob: {
            /** @description When it was accepted. */
            created_at: components["schemas"]["Timestamp"];
            /** @description Whether nothing was created because of the unique key. */
            duplicate: boolean;
            /** @description The new job, or the one that holds the unique key. */
            id: components["schemas"]["JobId"];
            /**
             * @description What it is.
             * @example image.resize
             */
            kind: string;
            /**
             * @description The queue it stands in.
             * @example images
             */
            queue: string;
            run_at?: components["schemas"]["Timestamp"] | null;
            /**
             * @description `waiting` or `delayed`; of a duplicate, the state of the job that was there first.
             * @example waiting
             */
            state: string;
        };
        /** @description What an action will do. */
        ActionDocument: {
            job_id?: components["schemas"]["JobId"] | null;
            /**
             * Format: int64
             * @description Jobs that were found.
             */
            matched: number;
            /** @description Whether these are all; otherwise counting them to the end would have taken too long, and there are more. */
            matched_is_exact: boolean;
        };
        /** @description An action on many jobs. */
        ActionOrder: {
            /** @description What to do to each. */
            action: components["schemas"]["ActionWord"];
            /** @description Only count. */
            dry_run?: boolean;
            /** @description Which jobs are meant; at least one condition. */
            filter: components["schemas"]["JobFilter"];
        };
        /**
         * @description What to do to each job.
         * @enum {string}
         */
        ActionWord: "retry" | "cancel" | "delete" | "promote";
        /** @description The figures of every queue of the company. */
        AllFigures: {
            /** @description The figures by the queue's name. */
            queues: {
                [key: string]: components["schemas"]["QueueFigures"];
            };
            /** @description Their sums. */
            totals: components["schemas"]["QueueTotals"];
        };
        /** @description An API key without its secret. */
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Who made it; null when it was made from the machine. */
            created_by: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at: string | null;
            /** @description Its id; also part of its text. */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, to within some minutes.
             */
            last_used_at: string | null;
            /** @description What people call it. */
            name: string;
            /**
             * Format: date-time
             * @description When somebody ended it.
             */
            revoked_at: string | null;
            /** @description What it may do. */
            scopes: string[];
        };
        /** @description A file to go with an e-mail. */
        AttachmentInput: {
            /** @description What is in it, in Base64. */
            content: string;
            /** @description Such as `application/pdf`; `application/octet-stream` when left out. */
            content_type?: string | null;
            /** @description The name recipients see. */
            name: string;
        };
        /** @description One HTTP try of a delivery. */
        Attempt: {
            /**
             * @description The address connected to.
             * @example 93.184.215.14:443
             */
            address: string | null;
            /**
             * @description What kind of failure it was: `status`, `redirect`, `gone`, `throttled`, `dns`, `connect`, `tls`, `protocol`,
             *     `timeout`, `blocked`, or `interrupted` by a restart: then nobody knows whether the receiver got it, and it used
             *     up no retry.
             */
            failure: string | null;
            /**
             * @description Its id.
             * @example att_01jd3k7q4m8x2b5n6p9r0s1t2v
             */
            id: string;
            /**
             * Format: int32
             * @description 1 for the first of its delivery.
             */
            number: number;
            /** @description How long each part took. */
            phases: components["schemas"]["AttemptPhases"];
            /** @description Why it failed, in words. */
            reason: string | null;
            /** @description What was sent. */
            request: components["schemas"]["AttemptRequest"];
            response: components["schemas"]["AttemptResponse"] | null;
            /**
             * Format: date-time
             * @description When it began.
             */
            started_at: string;
            /**
             * Format: int32
             * @description HTTP status of the answer, when there was one.
             */
            status: number | null;
            /** @description Whether the receiver answered with 2xx in time. */
            succeeded: boolean;
        };
        /** @description The error of one attempt. */
        AttemptError: {
            /** @description When it ended, or was found to have been interrupted. */
            at: components["schemas"]["Timestamp"];
            /**
             * Format: int32
             * @description The number of the attempt, from 1.
             */
            attempt: number;
            /**
             * @description What the worker said, or what interrupted the attempt.
             * @example connection refused
             */
            error: string;
            /** @description Whether a restart of the server or the silence of its worker cut it off; then it used up no attempt. */
            is_interrupted: boolean;
            started_at?: components["schemas"]["Timestamp"] | null;
        };
        /** @description How long each part of an attempt took, in milliseconds. */
        AttemptPhases: {
            /**
             * Format: double
             * @description Opening the connection.
             */
            connect_ms: number;
            /**
             * Format: double
             * @description Looking up the name.
             */
            dns_ms: number;
            /** @description Whether an open connection was used again. */
            is_reused: boolean;
            /**
             * Format: double
             * @description Reading the answer.
             */
            read_ms: number;
            /**
             * Format: double
             * @description The TLS handshake.
             */
            tls_ms: number;
            /**
             * Format: double
             * @description All of it.
             */
            total_ms: number;
            /**
             * Format: double
             * @description Waiting for the first byte of the answer.
             */
            wait_ms: number;
            /**
             * Format: double
             * @description Sending the request.
             */
            write_ms: number;
        };
        /** @description What was sent; the body is the event's. */
        AttemptRequest: {
            /** @description The headers; credentials show as `***`. */
            headers: {
                [key: string]: string;
            };
            /** @description Where to. */
            url: string;
        };
        /** @description What came back. */
        AttemptResponse: {
            /** @description The beginning of the body as text. */
            body: string;
            /** @description The headers; credentials show as `***`. */
            headers: {
                [key: string]: string;
            };
            /** @description Whether the body was longer. */
            is_truncated: boolean;
        };
        /** @description Who did something. */
        AuditActor: {
            /** @description The person or key. */
            id: string | null;
            /**
             * @description `user`, `link` (whoever had a link that was sent to the person), `api_key`, `machine` (the command line) or
             *     `system`.
             */
            kind: string;
        };
        /** @description One change. */
        AuditEntry: {
            /** @description What was done, as `user.update`. */
            action: string;
            /** @description Who. */
            actor: components["schemas"]["AuditActor"];
            /** @description From where. */
            address: string | null;
            /** @description Its fields after; null when there is none. */
            after: Record<string, never> | null;
            /** @description Its fields before; null when there was none. */
            before: Record<string, never> | null;
            /**
             * Format: int64
             * @description Its number in the company, without gaps.
             */
            number: number;
            /** @description To what: an id or a name. */
            object: string;
            /** @description With which request. */
            request_id: string | null;
            /**
             * Format: date-time
             * @description When.
             */
            time: string;
        };
        /** @description The waits between tries. */
        BackoffDocument: {
            /**
             * Format: int64
             * @description The first wait, for every kind but `list`.
             */
            delay_ms?: number | null;
            /** @description The waits one by one, for kind `list`. */
            delays_ms?: number[] | null;
            /**
             * Format: float
             * @description Share of a wait that is random, 0 to 1.
             */
            jitter: number;
            /**
             * @description `exponential`, `fixed`, `linear` or `list`.
             * @example exponential
             */
            kind: string;
            /**
             * Format: int64
             * @description No wait is longer.
             */
            max_ms?: number | null;
        };
        /**
         * @description How waits grow.
         * @enum {string}
         */
        BackoffKind: "exponential" | "fixed" | "linear" | "list";
        /** @description The waits between tries. */
        BackoffOrder: {
            /**
             * Format: int64
             * @description The first wait, for every kind but `list`.
             */
            delay_ms?: number | null;
            /** @description The waits one by one, for kind `list`. */
            delays_ms?: number[] | null;
            /**
             * Format: float
             * @description Share of a wait that is random, 0 to 1.
             */
            jitter?: number | null;
            /** @description How they grow. */
            kind: components["schemas"]["BackoffKind"];
            /**
             * Format: int64
             * @description No wait is longer.
             */
            max_ms?: number | null;
        };
        /** @description Events to publish together. */
        BatchInput: {
            /** @description 1 to 1,000 events; all are accepted, or none. */
            events: components["schemas"]["EventInput"][];
        };
        /** @description Jobs to enqueue together. */
        BatchOrder: {
            callback?: components["schemas"]["JobOrder"] | null;
            /** @description 1 to 1,000 jobs; all are enqueued or none. */
            jobs: components["schemas"]["JobOrder"][];
        };
        /**
         * @description What becomes of ticks that were missed while the server was down or its clock was set forward.
         * @enum {string}
         */
        CatchUp: "skip" | "one" | "all";
        /** @description One change. */
        Change: {
            /**
             * Format: date-time
             * @description When it was committed.
             */
            at: string;
            /**
             * @description Of a job `created`, `waiting` (back in line), `delayed`, `started`, `retrying`, `completed`, `failed` or `cancelled`; of a
             *     delivery `created`, `retrying`, `succeeded`, `failed` or `cancelled`.
             * @example completed
             */
            change: string;
            /**
             * @description The place behind it.
             * @example 812-3
             */
            cursor: string;
            /** @description The id of the job or delivery. */
            id: string;
            /** @description The job's kind. */
            kind?: string | null;
            /**
             * @description `job` or `delivery`.
             * @example job
             */
            object: string;
            /** @description The job's queue. */
            queue?: string | null;
        };
        /** @description Some changes, the oldest first. */
        ChangesPage: {
            /** @description The changes, in the order of their commits. */
            data: components["schemas"]["Change"][];
            /** @description Whether there is more already. */
            has_more: boolean;
            /**
             * @description Pass it as `after` for what follows; also when there is nothing more yet.
             * @example 812-3
             */
            next_cursor: string;
        };
        /** @description A child of a job. */
        ChildJob: {
            /**
             * @description `completed`, `failed` or `cancelled`; null while it has not ended.
             * @example completed
             */
            ended?: string | null;
            /** @description The child; retention may have removed it. */
            id: components["schemas"]["JobId"];
            /**
             * @description What its failure does to the parent: `fail_parent` or `continue`.
             * @example fail_parent
             */
            on_failure: string;
            result?: components["schemas"]["RawJson"] | null;
        };
        /**
         * @description A code of the moment.
         * @example {
         *       "code": "287082"
         *     }
         */
        CodeInput: {
            /** @description Six digits. */
            code: string;
        };
        /** @description A company. */
        Company: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Its id. */
            id: string;
            /** @description Whether everybody needs a second factor. */
            mfa_required: boolean;
            /** @description What people call it. */
            name: string;
        };
        /**
         * @description Changes to a company: fields left out stay.
         * @example {
         *       "mfa_required": true
         *     }
         */
        CompanyPatch: {
            /**
             * @description Asks everybody for a second factor: people without one are signed out at once, and can then sign in to set one
             *     up and do nothing else before. Whoever turns this on must have one.
             */
            mfa_required?: boolean | null;
            /** @description What people call it. */
            name?: string | null;
        };
        /** @description How much there is of everything. */
        CompanyStats: {
            /**
             * Format: int64
             * @description Admins who may sign in.
             */
            active_admins: number;
            /**
             * Format: date-time
             * @description When this was read; at most a minute ago.
             */
            as_of: string;
            /**
             * Format: int64
             * @description Departments.
             */
            departments: number;
            /**
             * Format: int64
             * @description Types in the catalogue of events.
             */
            event_types: number;
            /** @description Jobs. */
            jobs: components["schemas"]["JobCounts"];
            /**
             * Format: int64
             * @description People, also those who may not sign in.
             */
            users: number;
            /**
             * Format: int64
             * @description Webhooks.
             */
            webhooks: number;
        };
        /** @description The work is done. */
        CompleteOrder: {
            /** @description The token of the lease. */
            lease_token: string;
            result?: components["schemas"]["RawJson"] | null;
        };
        /** @description One value of the configuration. */
        ConfigurationEntry: {
            /**
             * @description Its table and key.
             * @example server.listen
             */
            key: string;
            /** @description What it means. */
            meaning: string;
            /**
             * @description Where it comes from.
             * @example environment NOVAPULSE_SERVER_LISTEN
             */
            source: string;
            /**
             * @description Its value as TOML; a secret is masked; null when it is not set.
             * @example "127.0.0.1:8080"
             */
            value: string | null;
        };
        /** @description One event for one webhook. */
        Delivery: {
            /**
             * Format: int32
             * @description Attempts made so far.
             */
            attempt_count: number;
            /** @description Its attempts, first to last; left out where deliveries are only listed. */
            attempts?: components["schemas"]["Attempt"][] | null;
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description The event, by the id its sender knows. */
            event_id: string;
            /** @description The type of the event. */
            event_type: string;
            /**
             * Format: date-time
             * @description When it was finished.
             */
            finished_at: string | null;
            /**
             * @description Its id, also in `X-NovaPulse-Delivery-Id`.
             * @example dlv_01jd3k7q4m8x2b5n6p9r0s1t2v
             */
            id: string;
            /** @description The job that carries it, or carried it last. */
            job_id: string | null;
            /** @description Why the last attempt failed, in words. */
            last_error: string | null;
            /**
             * Format: int32
             * @description HTTP status of the last answer.
             */
            last_status: number | null;
            /**
             * Format: date-time
             * @description When the next attempt is due; null when at once or never.
             */
            next_attempt_at: string | null;
            /** @description `pending`, `succeeded`, `failed` or `cancelled`. */
            state: string;
            /** @description Why it exists: `event`, `replay` or `test`. */
            trigger: string;
            /** @description The webhook; null when nothing of it is left. */
            webhook_id: string | null;
        };
        /** @description A delivery with all that is known of it. */
        DeliveryDetail: components["schemas"]["Delivery"] & {
            body: components["schemas"]["RawJson"] | null;
        };
        /** @description A department. */
        Department: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description What it is for. */
            description: string;
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description How many people are in it.
             */
            members: number;
            /** @description What people call it. */
            name: string;
            /**
             * Format: date-time
             * @description When its name or description last changed.
             */
            updated_at: string;
        };
        /**
         * @description A department to make.
         * @example {
         *       "name": "Support",
         *       "description": "Answers customers"
         *     }
         */
        DepartmentInput: {
            /** @description What it is for. */
            description?: string;
            /** @description What people call it; no other department of the company is called so. */
            name: string;
        };
        /**
         * @description Changes to a department: fields left out stay.
         * @example {
         *       "name": "Customer support"
         *     }
         */
        DepartmentPatch: {
            /** @description What it is for. */
            description?: string | null;
            /** @description What people call it. */
            name?: string | null;
        };
        /**
         * @description A code, a recovery code, or the password.
         * @example {
         *       "code": "287082"
         *     }
         */
        DisableInput: {
            /** @description Six digits. */
            code?: string | null;
            /**
             * Format: password
             * @description The password.
             */
            password?: string | null;
            /** @description One of the recovery codes. */
            recovery_code?: string | null;
        };
        /** @description What draining did. */
        DrainDocument: {
            /**
             * Format: int64
             * @description Jobs that waited and are cancelled now; none after a dry run.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Jobs that waited when it began.
             */
            matched: number;
        };
        /** @description How to drain. */
        DrainOrder: {
            /** @description Only count. */
            dry_run?: boolean;
        };
        /** @description An e-mail. */
        Email: {
            /** @description What the mail server said last, or why there was no answer. */
            answer: string | null;
            /**
             * Format: int32
             * @description How many files go with it.
             */
            attachment_count: number;
            /**
             * Format: int32
             * @description Attempts so far.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When it was queued.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it was sent or given up.
             */
            finished_at: string | null;
            /** @description Its id. */
            id: string;
            /** @description The job that sends it. */
            job_id: string;
            /** @description Its `Message-ID`, the same for every attempt. */
            message_id: string;
            /**
             * Format: date-time
             * @description When the next attempt is due.
             */
            next_attempt_at: string | null;
            /** @description Who gets it. */
            recipients: components["schemas"]["EmailRecipient"][];
            /**
             * @description Where it stands: `queued`, `retrying`, `sent` to everybody, or `failed` for somebody at least.
             * @example queued
             */
            state: string;
            /** @description Its subject; null until a template is filled in. */
            subject: string | null;
            /** @description Whether the server itself wrote it, such as an invitation; its text is not shown. */
            system: boolean;
            template: components["schemas"]["EmailTemplateUse"] | null;
            /**
             * Format: int32
             * @description Attempts after which it was not known whether it had arrived; it may have come more than once.
             */
            unknown_outcomes: number;
            /** @description The way it went last: `smtp`, or `mailbox` while no mail server is set up. */
            via: string | null;
        };
        /** @description A file of an e-mail. */
        EmailAttachment: {
            /** @description What it is. */
            content_type: string;
            /** @description The name recipients see. */
            name: string;
            /**
             * Format: int64
             * @description How long it is.
             */
            size_bytes: number;
        };
        /** @description An e-mail with what is in it. */
        EmailDetail: components["schemas"]["Email"] & {
            /** @description The files that go with it. */
            attachments: components["schemas"]["EmailAttachment"][];
            /** @description The HTML as it was given. */
            html: string | null;
            /** @description The plain text as it was given; null when it comes from a template or the server wrote it. */
            text: string | null;
            /** @description The variables of the template. */
            variables: Record<string, never> | null;
        };
        /**
         * @description An e-mail to send: with a subject and a text or HTML, or made from a template.
         * @example {
         *       "to": [
         *         "ada@example.com"
         *       ],
         *       "template": "welcome",
         *       "variables": {
         *         "name": "Ada"
         *       }
         *     }
         */
        EmailInput: {
            /** @description Files, at most 10 with 7 MiB together. */
            attachments?: components["schemas"]["AttachmentInput"][];
            /** @description Who gets a copy that nobody else is told of. */
            bcc?: string[];
            /** @description Who gets a copy. */
            cc?: string[];
            /** @description More headers: those that begin with `X-`, `List-Unsubscribe`, `References` and a few more. */
            headers?: {
                [key: string]: string;
            };
            /** @description The HTML, at most 512 KiB; not beside a template. */
            html?: string | null;
            /** @description Where answers go, such as `Support <support@example.com>`. */
            reply_to?: string | null;
            /** @description One line; takes the place of a template's subject as it stands. */
            subject?: string | null;
            /** @description The name of a template; its newest version is used, whatever changes until the e-mail is sent. */
            template?: string | null;
            /** @description The plain text, at most 256 KiB; not beside a template. */
            text?: string | null;
            /** @description Whom it is to: plain addresses; one alone need not be a list. 50 in all, with `cc` and `bcc`. */
            to: string[];
            /** @description What the template is filled in with; at most 64 KiB. One that is missing fails the e-mail. */
            variables?: Record<string, never> | null;
        };
        /** @description A template filled in. */
        EmailPreview: {
            /** @description The HTML. */
            html: string | null;
            /** @description The subject. */
            subject: string;
            /** @description The plain text. */
            text: string | null;
            /**
             * Format: int32
             * @description The version.
             */
            version: number;
        };
        /**
         * @description What to fill a template in with.
         * @example {
         *       "variables": {
         *         "name": "Ada"
         *       }
         *     }
         */
        EmailPreviewInput: {
            /** @description The variables; the template's sample when left out. */
            variables?: Record<string, never> | null;
            /**
             * Format: int32
             * @description Another version than the newest.
             */
            version?: number | null;
        };
        /** @description One recipient and what became of the e-mail for it. */
        EmailRecipient: {
            /** @description The address as it goes over the wire. */
            address: string;
            /** @description What the mail server said about it last. */
            answer: string | null;
            /**
             * @description How it gets the e-mail.
             * @example to
             */
            kind: string;
            /**
             * @description `waiting`, `accepted` by the mail server, or `refused` for good.
             * @example accepted
             */
            state: string;
        };
        /** @description A template in its newest version. */
        EmailTemplate: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description What it is for. */
            description: string;
            /** @description The HTML. */
            html: string | null;
            /** @description Its name. */
            name: string;
            /** @description Variables to try it with. */
            sample: Record<string, never> | null;
            /** @description The subject. */
            subject: string;
            /** @description The plain text. */
            text: string | null;
            /**
             * Format: date-time
             * @description When it changed last.
             */
            updated_at: string;
            /**
             * Format: int32
             * @description The number of the version; a queued e-mail keeps the one it was made with.
             */
            version: number;
        };
        /**
         * @description A template to make.
         * @example {
         *       "name": "welcome",
         *       "subject": "Welcome, {{ name }}",
         *       "text": "Hello {{ name }}",
         *       "html": "<p>Hello {{ name }}</p>",
         *       "sample": {
         *         "name": "Ada"
         *       }
         *     }
         */
        EmailTemplateInput: {
            /** @description What it is for. */
            description?: string | null;
            /** @description The HTML; variables are escaped. */
            html?: string | null;
            /** @description Small letters, digits, dots, dashes and underscores. */
            name: string;
            /** @description Variables to try it with. */
            sample?: Record<string, never> | null;
            /** @description The subject, with variables in double braces. */
            subject: string;
            /** @description The plain text. A template has a text or HTML, or both. */
            text?: string | null;
        };
        /**
         * @description Changes to a template: fields left out stay, null clears. Other texts make a new version.
         * @example {
         *       "subject": "Hello, {{ name }}"
         *     }
         */
        EmailTemplatePatch: {
            /** @description What it is for. */
            description?: string | null;
            /** @description The HTML. */
            html?: string | null;
            /** @description Variables to try it with, replaced as a whole. */
            sample?: Record<string, never> | null;
            /** @description The subject; cannot be cleared. */
            subject?: string | null;
            /** @description The plain text. */
            text?: string | null;
        };
        /**
         * @description A template as a whole, in the place of what there is.
         * @example {
         *       "subject": "Hi {{ name }}",
         *       "text": "Hello {{ name }}"
         *     }
         */
        EmailTemplateReplacement: {
            /** @description What it is for; empty when left out. */
            description?: string | null;
            /** @description The HTML; none when left out. */
            html?: string | null;
            /** @description Variables to try it with; none when left out. */
            sample?: Record<string, never> | null;
            /** @description The subject, with variables in double braces. */
            subject: string;
            /** @description The plain text; none when left out. */
            text?: string | null;
        };
        /** @description The template an e-mail is made from. */
        EmailTemplateUse: {
            /** @description Its name. */
            name: string;
            /**
             * Format: int32
             * @description The version.
             */
            version: number;
        };
        /** @description Failed jobs of any kind and queue whose errors are alike. */
        ErrorGroup: {
            /**
             * Format: int64
             * @description How many there are among those looked at.
             */
            count: number;
            /**
             * @description The error of the latest of them, up to 500 bytes of it.
             * @example the image is damaged
             */
            error: string;
            /** @description Why the latest of them was given up: `exhausted`, `discarded`, `stalled`, `expired` or `child_failed`. */
            failure?: string | null;
            /**
             * @description Names the group: `error` of `GET /jobs` and of the filter of `POST /jobs/actions`.
             * @example 9b1f0c3d5e7a2468
             */
            fingerprint: string;
            /** @description When the first of them failed. */
            first_at: components["schemas"]["Timestamp"];
            /** @description Their kinds, at most 20. */
            kinds: string[];
            /** @description When the latest of them failed. */
            last_at: components["schemas"]["Timestamp"];
            /** @description The latest of them. */
            latest_job_id: components["schemas"]["JobId"];
            /** @description Their queues, at most 20. */
            queues: string[];
        };
        /** @description Some dead letters, in groups. */
        ErrorGroupsPage: {
            /** @description The groups, the largest first. */
            data: components["schemas"]["ErrorGroup"][];
            /**
             * Format: int64
             * @description How many dead letters are in these groups.
             */
            jobs: number;
            /** @description Pass it as `cursor` for the dead letters before these, whose groups are to be added to these; null when there are none. */
            next_cursor: string | null;
        };
        /** @description An event. */
        Event: {
            /** @description Its data. */
            data: components["schemas"]["RawJson"];
            /** @description Its newest deliveries, at most 250, oldest first; left out where events are only listed. */
            deliveries?: components["schemas"]["Delivery"][] | null;
            /**
             * Format: int32
             * @description Deliveries created for it, replays included.
             */
            delivery_count: number;
            /** @description Its id; the one its sender gave, if any. */
            id: string;
            /**
             * Format: date-time
             * @description When it was accepted; also in the body receivers get.
             */
            timestamp: string;
            /** @description The name of its type. */
            type: string;
        };
        /**
         * @description An event to publish.
         * @example {
         *       "type": "order.created",
         *       "data": {
         *         "order_id": 42,
         *         "amount": 99.5
         *       },
         *       "id": "order-42-created"
         *     }
         */
        EventInput: {
            /** @description Its data: any JSON of at most 1 MiB, delivered as sent. */
            data: components["schemas"]["RawJson"];
            /** @description An id of the caller's: publishing it again with the same content does nothing. */
            id?: string | null;
            /** @description The name of its type; it need not be in the catalogue. */
            type: string;
        };
        /** @description An event that is delivered again. */
        EventReplay: {
            /**
             * Format: int32
             * @description New deliveries: one for each enabled webhook that subscribes to it now.
             */
            deliveries: number;
            /** @description The event. */
            id: string;
        };
        /** @description An event type of the catalogue. */
        EventType: {
            /**
             * Format: date-time
             * @description When it was added.
             */
            created_at: string;
            /** @description What it means. */
            description: string;
            /** @description An example of the data. */
            example: Record<string, never> | null;
            /** @description Its name. */
            name: string;
            /** @description JSON Schema of the data. */
            schema: Record<string, never> | null;
            /**
             * Format: date-time
             * @description When it changed last.
             */
            updated_at: string;
        };
        /**
         * @description An event type to add to the catalogue.
         * @example {
         *       "name": "order.created",
         *       "description": "An order was placed",
         *       "schema": {
         *         "type": "object",
         *         "required": [
         *           "order_id"
         *         ]
         *       },
         *       "example": {
         *         "order_id": 42
         *       }
         *     }
         */
        EventTypeInput: {
            /** @description What it means. */
            description?: string | null;
            /** @description An example of the data; must conform to the schema. */
            example?: Record<string, never> | null;
            /** @description Dotted parts of letters, digits, `_` and `-`. */
            name: string;
            /** @description JSON Schema of the data; for receivers to read, not checked when events are published. */
            schema?: Record<string, never> | null;
        };
        /**
         * @description Changes to an event type: fields left out stay, null clears.
         * @example {
         *       "description": "An order was placed"
         *     }
         */
        EventTypePatch: {
            /** @description What it means. */
            description?: string | null;
            /** @description Replaces the whole example. */
            example?: Record<string, never> | null;
            /** @description Replaces the whole schema. */
            schema?: Record<string, never> | null;
        };
        /** @description The attempt failed. */
        FailOrder: {
            /** @description No further attempt can help: the job fails now. */
            discard?: boolean;
            /**
             * @description What went wrong, for people; cut to 2 KiB.
             * @example the image is damaged
             */
            error: string;
            /** @description The token of the lease. */
            lease_token: string;
            /**
             * Format: int64
             * @description The wait before the next attempt, instead of the job's own rule.
             */
            retry_after_ms?: number | null;
        };
        /** @description Failed jobs of a kind with errors that are alike. */
        FailureGroup: {
            /**
             * Format: int64
             * @description How many there are among those looked at.
             */
            count: number;
            /**
             * @description The error of the latest of them.
             * @example the image is damaged
             */
            error: string;
            /** @description Why the latest of them was given up: `exhausted`, `discarded`, `stalled`, `expired` or `child_failed`. */
            failure?: string | null;
            /**
             * @description Names the group: `error` of `GET /jobs` and of the filter of `POST /jobs/actions`.
             * @example 9b1f0c3d5e7a2468
             */
            fingerprint: string;
            /** @description When the first of them failed. */
            first_at: components["schemas"]["Timestamp"];
            /**
             * @description Their kind.
             * @example image.resize
             */
            kind: string;
            /** @description When the latest of them failed. */
            last_at: components["schemas"]["Timestamp"];
            /** @description The latest of them. */
            latest_job_id: components["schemas"]["JobId"];
        };
        /** @description The dead letters of a queue. */
        Failures: {
            /** @description The groups, the largest first; at most 100. */
            data: components["schemas"]["FailureGroup"][];
            /** @description Whether these are all; otherwise only the latest 1,000 failed jobs were looked at, or there are more groups. */
            is_complete: boolean;
        };
        /** @description One refused value of a request. */
        FieldError: {
            /**
             * @description What is wrong with it.
             * @example must be between 0 and 9
             */
            detail: string;
            /**
             * @description JSON pointer (RFC 6901) to the value in the body; a query parameter is `/<name>`.
             * @example /jobs/3/priority
             */
            pointer: string;
        };
        /**
         * @description Who forgot the password.
         * @example {
         *       "email": "ada@example.com"
         *     }
         */
        ForgotInput: {
            /** @description The address of the account. */
            email: string;
        };
        /**
         * @description What a group may do.
         * @example {
         *       "concurrency": 2,
         *       "rate_per_second": 10
         *     }
         */
        GroupOrder: {
            /**
             * Format: int32
             * @description Jobs of the group that run at once, 1 to 65,536; what the queue says when left out.
             */
            concurrency?: number | null;
            /**
             * Format: double
             * @description Jobs of the group started per second, more than 0 and at most 1,000,000; no limit when left out.
             */
            rate_per_second?: number | null;
        };
        /** @description How the instance is. */
        Health: {
            /** @description One object per part, with its `status` and figures. */
            checks: Record<string, never>;
            /**
             * @description `starting`, `ready` or `stopping`.
             * @example ready
             */
            phase: string;
            /**
             * @description `ok`, `degraded` (works, somebody should look) or `down`.
             * @example ok
             */
            status: string;
            /**
             * Format: int64
             * @description Time since the start.
             */
            uptime_seconds: number;
            /**
             * @description The version of the binary.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description How long the lease holds. */
        HeartbeatDocument: {
            /** @description Whether somebody has cancelled the job: stop working on it, its token is refused. */
            cancelled: boolean;
            /**
             * Format: int64
             * @description From now, without a further heartbeat; a timeout of the job may shorten it.
             */
            lease_ms: number;
        };
        /** @description A sign of life. */
        HeartbeatOrder: {
            /**
             * Format: int32
             * @description How long the job is held from now; 30 s when left out.
             * @default 30000
             */
            lease_ms: number | null;
            /** @description The token of the lease. */
            lease_token: string;
        };
        /** @description A job with a worker. */
        HeldJob: {
            /**
             * Format: int32
             * @description The attempt that runs.
             */
            attempt: number;
            /** @description The job. */
            id: components["schemas"]["JobId"];
            /**
             * @description What it is.
             * @example image.resize
             */
            kind: string;
            started_at?: components["schemas"]["Timestamp"] | null;
        };
        /** @description Settings of the whole instance. */
        InstanceSettings: {
            /**
             * Format: int32
             * @description API calls of a company at once, before the rate counts; 0 sets no limit.
             */
            api_burst: number;
            /**
             * Format: int32
             * @description API calls of a company per second, for good; 0 sets no limit.
             */
            api_per_second: number;
            /** @description The configuration that the server runs with. */
            configuration: components["schemas"]["ConfigurationEntry"][];
            /** @description Which of these the configuration says; they cannot be changed here. */
            fixed: string[];
            /** @description Who may join: `open` lets everybody make a company, `invite_only` asks for an invitation, `closed` takes nobody. */
            registration: components["schemas"]["Registration"];
        };
        /**
         * @description Changes to the settings: fields left out stay, null goes back to the default.
         * @example {
         *       "registration": "closed"
         *     }
         */
        InstanceSettingsPatch: {
            /**
             * Format: int32
             * @description API calls of a company at once, before the rate counts; 0 sets no limit.
             */
            api_burst?: number | null;
            /**
             * Format: int32
             * @description API calls of a company per second, for good; 0 sets no limit.
             */
            api_per_second?: number | null;
            registration?: components["schemas"]["Registration"] | null;
        };
        /** @description An invitation that was not used yet. */
        Invite: {
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Who made it. */
            created_by: string;
            /** @description Whom it is for. */
            email: string;
            /**
             * Format: date-time
             * @description When it ends by itself.
             */
            expires_at: string;
            /** @description Its id. */
            id: string;
            /** @description What the person will be. */
            role: components["schemas"]["Role"];
        };
        /**
         * @description Whom to invite as what.
         * @example {
         *       "email": "ada@example.com",
         *       "role": "manager"
         *     }
         */
        InviteInput: {
            /** @description Whom it is for. */
            email: string;
            /** @description What the person will be. */
            role: components["schemas"]["Role"];
        };
        /** @description A job. */
        Job: {
            /**
             * Format: int32
             * @description The attempt that runs or ran last; 0 before the first.
             */
            attempt: number;
            /**
             * Format: int32
             * @description Attempts in all.
             */
            attempts: number;
            /**
             * Format: int32
             * @description Children that have not ended; while there are any, a waiting job does not start.
             */
            blocked_by: number;
            /**
             * Format: int32
             * @description Children in all.
             */
            children: number;
            /** @description When it was accepted. */
            created_at: components["schemas"]["Timestamp"];
            expire_at?: components["schemas"]["Timestamp"] | null;
            /** @description Why it failed: `exhausted`, `discarded`, `stalled`, `expired` or `child_failed`. */
            failure?: string | null;
            finished_at?: components["schemas"]["Timestamp"] | null;
            /** @description The group it is served in. */
            group_key?: string | null;
            /** @description Its id. */
            id: components["schemas"]["JobId"];
            /**
             * @description What it is.
             * @example image.resize
             */
            kind: string;
            parent_id?: components["schemas"]["JobId"] | null;
            /** @description The JSON it was enqueued with. */
            payload: components["schemas"]["RawJson"];
            /**
             * Format: int32
             * @description 0 is the most urgent, 9 the least.
             */
            priority: number;
            /**
             * @description The queue it stands in.
             * @example images
             */
            queue: string;
            /**
             * Format: int32
             * @description How often a lost lease brought it back since the last orderly end of an attempt.
             */
            rescues: number;
            run_at?: components["schemas"]["Timestamp"] | null;
            started_at?: components["schemas"]["Timestamp"] | null;
            /**
             * @description `waiting`, `delayed`, `active`, `retrying`, `completed`, `failed` or `cancelled`.
             * @example waiting
             */
            state: string;
            /** @description Words to find it by. */
            tags: string[];
            /**
             * Format: int64
             * @description The longest one attempt may take.
             */
            timeout_ms?: number | null;
            /** @description The unique key it was enqueued with. */
            unique_key?: string | null;
            /** @description The external worker that holds it. */
            worker?: string | null;
        };
        /** @description How many jobs the company has, by state. */
        JobCounts: {
            /**
             * Format: int64
             * @description Run now.
             */
            active: number;
            /**
             * Format: int64
             * @description Were cancelled, and are still kept.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Ended well, and are still kept.
             */
            completed: number;
            /**
             * Format: int64
             * @description Are not due yet.
             */
            delayed: number;
            /**
             * Format: int64
             * @description Ended badly, and are still kept.
             */
            failed: number;
            /**
             * Format: int64
             * @description Failed and are tried again later.
             */
            retrying: number;
            /**
             * Format: int64
             * @description Could start now.
             */
            waiting: number;
        };
        /** @description A job with what its attempts left behind. */
        JobDetail: components["schemas"]["Job"] & {
            /** @description The errors of the last failed or interrupted attempts, oldest first. */
            errors: components["schemas"]["AttemptError"][];
            /**
             * Format: int32
             * @description Lines of its log.
             */
            log_lines: number;
            progress?: components["schemas"]["Progress"] | null;
            result?: components["schemas"]["RawJson"] | null;
        };
        /** @description Which jobs are meant; all conditions hold together. */
        JobFilter: {
            /**
             * @description Failed with an error like this: a `fingerprint` of `GET /failures`.
             * @example 9b1f0c3d5e7a2468
             */
            error?: string | null;
            /** @description Of this group. */
            group?: string | null;
            /** @description Of this kind. */
            kind?: string | null;
            /** @description Children of this job. */
            parent?: string | null;
            /** @description As `q` of `GET /jobs`. */
            q?: string | null;
            /**
             * @description Of this queue.
             * @example images
             */
            queue?: string | null;
            since?: components["schemas"]["Timestamp"] | null;
            /**
             * @description In this state.
             * @example failed
             */
            state?: string | null;
            /** @description With this tag. */
            tag?: string | null;
            until?: components["schemas"]["Timestamp"] | null;
        };
        /**
         * @description Id of a job.
         * @example job_01jd6js2g1000nqmf9jpbz99y1
         */
        JobId: string;
        /** @description A job to enqueue. */
        JobOrder: {
            /**
             * Format: int32
             * @description Tries in all; the queue's figure when left out.
             */
            attempts?: number | null;
            backoff?: components["schemas"]["BackoffOrder"] | null;
            /**
             * Format: int64
             * @description Not before this much later; not together with `run_at`.
             */
            delay_ms?: number | null;
            expire_at?: components["schemas"]["Timestamp"] | null;
            /** @description Jobs of a group are served in turn with other groups. */
            group_key?: string | null;
            /**
             * @description What the job is; workers choose by it.
             * @example image.resize
             */
            kind: string;
            on_failure?: components["schemas"]["OnFailureWord"] | null;
            parent_id?: components["schemas"]["JobId"] | null;
            /** @description A job of the same batch that waits for the end of this one, by its `ref`; in place of `parent_id`. */
            parent_ref?: string | null;
            /** @description Any JSON up to 1 MiB; handed to the worker exactly as sent. */
            payload: components["schemas"]["RawJson"];
            /**
             * Format: int32
             * @description 0 is the most urgent, 9 the least; 5 when left out.
             * @default 5
             */
            priority: number | null;
            /**
             * @description The queue; created at first use. 1 to 64 of `a-z 0-9 . _ -`.
             * @example images
             */
            queue: string;
            /** @description A name within the batch, for `parent_ref` of other jobs. */
            ref?: string | null;
            run_at?: components["schemas"]["Timestamp"] | null;
            /** @description Words to find it by; at most 100. */
            tags?: string[];
            /**
             * Format: int64
             * @description The longest one attempt may take; the queue's figure when left out.
             */
            timeout_ms?: number | null;
            unique?: components["schemas"]["UniqueOrder"] | null;
        };
        /** @description What to change of a job; what is left out stays. */
        JobPatch: {
            payload?: components["schemas"]["RawJson"] | null;
            /**
             * Format: int32
             * @description 0 is the most urgent, 9 the least; among equals the job stands where its age puts it.
             */
            priority?: number | null;
            run_at?: components["schemas"]["Timestamp"] | null;
        };
        /** @description Limits of what is kept. */
        Keep: {
            /**
             * Format: int64
             * @description Not longer than this.
             */
            age_ms: number;
            /**
             * Format: int64
             * @description Not more payload than this of a company, in each state.
             */
            bytes: number;
            /**
             * Format: int64
             * @description Not more than this many of a company, in each state.
             */
            count: number;
        };
        /** @description Limits to change; what is left out stays. */
        KeepPatch: {
            /**
             * Format: int64
             * @description Not longer than this; at most ten years.
             */
            age_ms?: number | null;
            /**
             * Format: int64
             * @description Not more payload than this of a company, in each state.
             */
            bytes?: number | null;
            /**
             * Format: int64
             * @description Not more than this many of a company, in each state.
             */
            count?: number | null;
        };
        /**
         * @description An API key to make.
         * @example {
         *       "name": "billing",
         *       "scopes": [
         *         "events:write",
         *         "webhooks:read"
         *       ]
         *     }
         */
        KeyInput: {
            /**
             * Format: date-time
             * @description When it ends by itself; never when left out.
             */
            expires_at?: string | null;
            /** @description What people call it. */
            name: string;
            /** @description What it may do; nothing its maker may not. */
            scopes: string[];
        };
        /** @description A worker's wish for jobs. */
        LeaseOrder: {
            /**
             * @description Only jobs of these kinds; of any kind when left out.
             * @example [
             *       "image.resize"
             *     ]
             */
            kinds?: string[] | null;
            /**
             * Format: int32
             * @description How long a job is held without a heartbeat; 30 s when left out.
             * @default 30000
             */
            lease_ms: number | null;
            /**
             * @description At most this many jobs; 1 when left out.
             * @default 1
             */
            max: number | null;
            /**
             * Format: int64
             * @description How long to wait for the first job when there is none; not at all when left out.
             * @default 0
             */
            wait_ms: number | null;
            /**
             * @description The worker's name for itself.
             * @example images-7
             */
            worker?: string | null;
        };
        /** @description A job under lease. */
        LeasedJob: components["schemas"]["Job"] & {
            /**
             * Format: int64
             * @description How long the lease holds from now, without a heartbeat.
             */
            lease_ms: number;
            /**
             * @description Shown with heartbeat, complete, fail and snooze.
             * @example lt_10_3_00c0ffee
             */
            lease_token: string;
        };
        /** @description Jobs under lease. */
        LeasedJobs: {
            /** @description The jobs; none when the wait is over. */
            jobs: components["schemas"]["LeasedJob"][];
        };
        /** @description A group with limits. */
        LimitedGroup: {
            /**
             * Format: int32
             * @description Jobs of it that run at once; null follows the queue.
             */
            concurrency?: number | null;
            /**
             * @description Its `group_key`.
             * @example customer-7
             */
            group_key: string;
            /**
             * Format: double
             * @description Jobs of it started per second; null sets no limit.
             */
            rate_per_second?: number | null;
        };
        /** @description A job in a list. */
        ListedJob: components["schemas"]["Job"] & {
            /** @description The beginning of what its last failed attempt said, while it is failed or retrying. */
            error?: string | null;
        };
        /** @description What a right password leads to. */
        LogIn: components["schemas"]["SignedIn"] | components["schemas"]["MfaRequired"];
        /**
         * @description Who wants in.
         * @example {
         *       "email": "ada@example.com",
         *       "password": "tram orbit velvet noon"
         *     }
         */
        LogInInput: {
            /** @description The address of the account. */
            email: string;
            /** @description The code of the second factor, to save the second step. */
            mfa_code?: string | null;
            /**
             * Format: password
             * @description Its password.
             */
            password: string;
        };
        /** @description What the log holds now. */
        LogKept: {
            /**
             * Format: int32
             * @description Lines in all.
             */
            lines: number;
        };
        /** @description A line of a job's log. */
        LogLine: {
            /** @description When it was written. */
            at: components["schemas"]["Timestamp"];
            /**
             * Format: int32
             * @description The attempt that wrote it, from 1.
             */
            attempt: number;
            /**
             * @description What it says.
             * @example 12 of 90 pages
             */
            text: string;
        };
        /** @description Lines for a job's log. */
        LogOrder: {
            /** @description The token of the lease. */
            lease_token: string;
            /** @description 1 to 100 lines of at most 2 KiB. */
            lines: string[];
        };
        /** @description The person who calls, with what he or she may do. */
        Me: {
            /** @description The company. */
            company: components["schemas"]["Company"];
            /** @description Whether a second factor has to be set up before anything else can be done. */
            mfa_setup_required: boolean;
            /** @description Whether a password has to be chosen before anything else can be done. */
            password_change_required: boolean;
            /** @description What the person may do, in the words of the permission table. */
            scopes: string[];
            /** @description The sign-in this request came with. */
            session_id: string;
            /** @description The person. */
            user: components["schemas"]["User"];
        };
        /** @description A message that was sent to a person. */
        Message: {
            /**
             * Format: date-time
             * @description When it was sent.
             */
            created_at: string;
            /** @description The e-mail it is a copy of; null for a message of the server itself. */
            email_id: string | null;
            /** @description Its id. */
            id: string;
            /** @description Its subject. */
            subject: string;
            /** @description Its text; null when the master key it was sealed with is not the present one. */
            text: string | null;
            /** @description Whom it is to. */
            to: string;
        };
        /** @description How things stand with one's own second factor. */
        Mfa: {
            /** @description Whether signing in asks for a code. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description Since when.
             */
            enabled_at: string | null;
            /** @description Recovery codes that were not used. */
            recovery_codes_left: number;
        };
        /** @description The password was right, and a second factor is asked for. */
        MfaRequired: {
            /**
             * Format: int64
             * @description How long it is good, in seconds.
             */
            expires_in: number;
            /** @description Always true. */
            mfa_required: boolean;
            /** @description Sent to `POST /auth/login/mfa`; good for nothing else. */
            mfa_token: string;
        };
        /** @description What an authenticator app needs. */
        MfaSetup: {
            /** @description The same as a URL. */
            otpauth_url: string;
            /** @description The URL as a QR code: an SVG in a data URL. */
            qr_code: string;
            /** @description The secret in Base32, for typing. */
            secret: string;
        };
        /** @description A fresh API key. */
        NewApiKey: components["schemas"]["ApiKey"] & {
            /**
             * @description The key itself; it is stored as a hash and cannot be had again.
             * @example np_live_01m7y9s2wm0011sgk12cgx2ge8_…
             */
            secret: string;
        };
        /** @description A fresh invitation. */
        NewInvite: components["schemas"]["Invite"] & {
            /** @description Also in the message to the person. Whoever has it can accept; the API shows it this once. */
            token: string;
        };
        /**
         * @description A report to make.
         * @example {
         *       "definition": "jobs",
         *       "format": "xlsx",
         *       "period": {
         *         "last_ms": 604800000
         *       },
         *       "group_by": "kind",
         *       "filters": {
         *         "state": [
         *           "failed"
         *         ]
         *       }
         *     }
         */
        NewReport: {
            /** @description The columns in their order; all when left out. Not together with `group_by`. */
            columns?: string[];
            /** @description The definition, from `GET /report-definitions`. */
            definition: string;
            /** @description By column, the values that pass. */
            filters?: {
                [key: string]: string[];
            };
            /** @description `csv`, `json`, `xlsx`, `html` or `pdf`. */
            format: string;
            /** @description What to count by; one row per record when left out. */
            group_by?: string | null;
            /** @description What people call it; the title of the definition when left out. */
            name?: string | null;
            /** @description The time it is about. */
            period: components["schemas"]["ReportPeriod"];
            /** @description Who gets it by e-mail when it is ready, and the reason when it fails; plain addresses. Needs the scope `emails:write`. */
            recipients?: string[];
        };
        /** @description Something the person is told. */
        Notification: {
            /**
             * Format: int64
             * @description How many dead letters there were at least.
             * @example 100
             */
            count: number | null;
            /**
             * Format: date-time
             * @description When it happened.
             */
            created_at: string;
            /** @description The kind of the job, the URL of the webhook without its query, the name of the report, or from where somebody signed in. */
            detail: string | null;
            /**
             * @description Its id.
             * @example ntf_01h5fskfsk4fpeqwnsyz5hj55t
             */
            id: string;
            /** @description Whether the person has marked it as read. */
            is_read: boolean;
            /**
             * @description What happened. For managers and admins `job_failed` (the first dead letter of a queue), `dead_letters` (10, 100, … of
             *     them), `webhook_disabled`, `report_failed`. About the person's own account `password_changed`, `password_reset`,
             *     `factor_added`, `factor_removed`, `recovery_used`, `recovery_renewed`, `factor_refused`,
             *     `signed_in_after_failures`, `signed_in_elsewhere`. There may be more words later.
             * @example dead_letters
             */
            kind: string;
            /**
             * @description What it is about: the id of the job, webhook or report, or the name of the queue; null for the person's account.
             * @example email
             */
            object: string | null;
        };
        /** @description Some notifications. */
        NotificationsPage: {
            /** @description The notifications, the newest first. */
            data: components["schemas"]["Notification"][];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
            /**
             * Format: int64
             * @description How many the person has not marked as read, on all pages.
             */
            unread: number;
        };
        /** @description Which notifications were seen. */
        NotificationsSeen: {
            /** @description The newest one that was seen: younger ones stay unread; all when left out. */
            until?: string | null;
        };
        /**
         * @description What a failure does to the parent.
         * @enum {string}
         */
        OnFailureWord: "fail_parent" | "continue";
        /**
         * @description How an attempt ended, in a list of such.
         * @enum {string}
         */
        OutcomeWord: "complete" | "fail";
        /** @description One page of a list. */
        Page_ApiKey: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description Who made it; null when it was made from the machine. */
                created_by: string | null;
                /**
                 * Format: date-time
                 * @description When it ends by itself.
                 */
                expires_at: string | null;
                /** @description Its id; also part of its text. */
                id: string;
                /**
                 * Format: date-time
                 * @description When it was last used, to within some minutes.
                 */
                last_used_at: string | null;
                /** @description What people call it. */
                name: string;
                /**
                 * Format: date-time
                 * @description When somebody ended it.
                 */
                revoked_at: string | null;
                /** @description What it may do. */
                scopes: string[];
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_AuditEntry: {
            /** @description The items, newest first. */
            data: {
                /** @description What was done, as `user.update`. */
                action: string;
                /** @description Who. */
                actor: components["schemas"]["AuditActor"];
                /** @description From where. */
                address: string | null;
                /** @description Its fields after; null when there is none. */
                after: Record<string, never> | null;
                /** @description Its fields before; null when there was none. */
                before: Record<string, never> | null;
                /**
                 * Format: int64
                 * @description Its number in the company, without gaps.
                 */
                number: number;
                /** @description To what: an id or a name. */
                object: string;
                /** @description With which request. */
                request_id: string | null;
                /**
                 * Format: date-time
                 * @description When.
                 */
                time: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_ChildJob: {
            /** @description The items, newest first. */
            data: {
                /**
                 * @description `completed`, `failed` or `cancelled`; null while it has not ended.
                 * @example completed
                 */
                ended?: string | null;
                /** @description The child; retention may have removed it. */
                id: components["schemas"]["JobId"];
                /**
                 * @description What its failure does to the parent: `fail_parent` or `continue`.
                 * @example fail_parent
                 */
                on_failure: string;
                result?: components["schemas"]["RawJson"] | null;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Delivery: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: int32
                 * @description Attempts made so far.
                 */
                attempt_count: number;
                /** @description Its attempts, first to last; left out where deliveries are only listed. */
                attempts?: components["schemas"]["Attempt"][] | null;
                /**
                 * Format: date-time
                 * @description When it was created.
                 */
                created_at: string;
                /** @description The event, by the id its sender knows. */
                event_id: string;
                /** @description The type of the event. */
                event_type: string;
                /**
                 * Format: date-time
                 * @description When it was finished.
                 */
                finished_at: string | null;
                /**
                 * @description Its id, also in `X-NovaPulse-Delivery-Id`.
                 * @example dlv_01jd3k7q4m8x2b5n6p9r0s1t2v
                 */
                id: string;
                /** @description The job that carries it, or carried it last. */
                job_id: string | null;
                /** @description Why the last attempt failed, in words. */
                last_error: string | null;
                /**
                 * Format: int32
                 * @description HTTP status of the last answer.
                 */
                last_status: number | null;
                /**
                 * Format: date-time
                 * @description When the next attempt is due; null when at once or never.
                 */
                next_attempt_at: string | null;
                /** @description `pending`, `succeeded`, `failed` or `cancelled`. */
                state: string;
                /** @description Why it exists: `event`, `replay` or `test`. */
                trigger: string;
                /** @description The webhook; null when nothing of it is left. */
                webhook_id: string | null;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Department: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description What it is for. */
                description: string;
                /** @description Its id. */
                id: string;
                /**
                 * Format: int64
                 * @description How many people are in it.
                 */
                members: number;
                /** @description What people call it. */
                name: string;
                /**
                 * Format: date-time
                 * @description When its name or description last changed.
                 */
                updated_at: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Email: {
            /** @description The items, newest first. */
            data: {
                /** @description What the mail server said last, or why there was no answer. */
                answer: string | null;
                /**
                 * Format: int32
                 * @description How many files go with it.
                 */
                attachment_count: number;
                /**
                 * Format: int32
                 * @description Attempts so far.
                 */
                attempts: number;
                /**
                 * Format: date-time
                 * @description When it was queued.
                 */
                created_at: string;
                /**
                 * Format: date-time
                 * @description When it was sent or given up.
                 */
                finished_at: string | null;
                /** @description Its id. */
                id: string;
                /** @description The job that sends it. */
                job_id: string;
                /** @description Its `Message-ID`, the same for every attempt. */
                message_id: string;
                /**
                 * Format: date-time
                 * @description When the next attempt is due.
                 */
                next_attempt_at: string | null;
                /** @description Who gets it. */
                recipients: components["schemas"]["EmailRecipient"][];
                /**
                 * @description Where it stands: `queued`, `retrying`, `sent` to everybody, or `failed` for somebody at least.
                 * @example queued
                 */
                state: string;
                /** @description Its subject; null until a template is filled in. */
                subject: string | null;
                /** @description Whether the server itself wrote it, such as an invitation; its text is not shown. */
                system: boolean;
                template: components["schemas"]["EmailTemplateUse"] | null;
                /**
                 * Format: int32
                 * @description Attempts after which it was not known whether it had arrived; it may have come more than once.
                 */
                unknown_outcomes: number;
                /** @description The way it went last: `smtp`, or `mailbox` while no mail server is set up. */
                via: string | null;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_EmailTemplate: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description What it is for. */
                description: string;
                /** @description The HTML. */
                html: string | null;
                /** @description Its name. */
                name: string;
                /** @description Variables to try it with. */
                sample: Record<string, never> | null;
                /** @description The subject. */
                subject: string;
                /** @description The plain text. */
                text: string | null;
                /**
                 * Format: date-time
                 * @description When it changed last.
                 */
                updated_at: string;
                /**
                 * Format: int32
                 * @description The number of the version; a queued e-mail keeps the one it was made with.
                 */
                version: number;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Event: {
            /** @description The items, newest first. */
            data: {
                /** @description Its data. */
                data: components["schemas"]["RawJson"];
                /** @description Its newest deliveries, at most 250, oldest first; left out where events are only listed. */
                deliveries?: components["schemas"]["Delivery"][] | null;
                /**
                 * Format: int32
                 * @description Deliveries created for it, replays included.
                 */
                delivery_count: number;
                /** @description Its id; the one its sender gave, if any. */
                id: string;
                /**
                 * Format: date-time
                 * @description When it was accepted; also in the body receivers get.
                 */
                timestamp: string;
                /** @description The name of its type. */
                type: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_EventType: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was added.
                 */
                created_at: string;
                /** @description What it means. */
                description: string;
                /** @description An example of the data. */
                example: Record<string, never> | null;
                /** @description Its name. */
                name: string;
                /** @description JSON Schema of the data. */
                schema: Record<string, never> | null;
                /**
                 * Format: date-time
                 * @description When it changed last.
                 */
                updated_at: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Invite: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description Who made it. */
                created_by: string;
                /** @description Whom it is for. */
                email: string;
                /**
                 * Format: date-time
                 * @description When it ends by itself.
                 */
                expires_at: string;
                /** @description Its id. */
                id: string;
                /** @description What the person will be. */
                role: components["schemas"]["Role"];
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_LimitedGroup: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: int32
                 * @description Jobs of it that run at once; null follows the queue.
                 */
                concurrency?: number | null;
                /**
                 * @description Its `group_key`.
                 * @example customer-7
                 */
                group_key: string;
                /**
                 * Format: double
                 * @description Jobs of it started per second; null sets no limit.
                 */
                rate_per_second?: number | null;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_ListedJob: {
            /** @description The items, newest first. */
            data: (components["schemas"]["Job"] & {
                /** @description The beginning of what its last failed attempt said, while it is failed or retrying. */
                error?: string | null;
            })[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_LogLine: {
            /** @description The items, newest first. */
            data: {
                /** @description When it was written. */
                at: components["schemas"]["Timestamp"];
                /**
                 * Format: int32
                 * @description The attempt that wrote it, from 1.
                 */
                attempt: number;
                /**
                 * @description What it says.
                 * @example 12 of 90 pages
                 */
                text: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Message: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was sent.
                 */
                created_at: string;
                /** @description The e-mail it is a copy of; null for a message of the server itself. */
                email_id: string | null;
                /** @description Its id. */
                id: string;
                /** @description Its subject. */
                subject: string;
                /** @description Its text; null when the master key it was sealed with is not the present one. */
                text: string | null;
                /** @description Whom it is to. */
                to: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_QueueSummary: {
            /** @description The items, newest first. */
            data: (components["schemas"]["QueueFigures"] & {
                /**
                 * @description Its name.
                 * @example images
                 */
                name: string;
            })[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Report: {
            /** @description The items, newest first. */
            data: {
                /** @description Its columns; empty with `group_by`. */
                columns: string[];
                /**
                 * Format: date-time
                 * @description When it was asked for.
                 */
                created_at: string;
                /** @description Its definition. */
                definition: string;
                /** @description The e-mail that told the recipients what became of it. */
                email_id: string | null;
                /** @description Why it failed. */
                error: string | null;
                /**
                 * Format: date-time
                 * @description When it is removed.
                 */
                expires_at: string;
                /** @description By column, the values that pass. */
                filters: {
                    [key: string]: string[];
                };
                /**
                 * Format: date-time
                 * @description When it was ready or had failed.
                 */
                finished_at: string | null;
                /** @description Its format. */
                format: string;
                /** @description What it counts by. */
                group_by: string | null;
                /** @description Its id. */
                id: string;
                /** @description Whether the data goes on behind its end, because its format has a most of rows. */
                is_truncated: boolean;
                /** @description The job that renders it. */
                job_id: string;
                /** @description What people call it. */
                name: string;
                /** @description Who gets it by e-mail. */
                recipients: string[];
                /**
                 * Format: int64
                 * @description Its rows; while it is rendered, those read so far.
                 */
                rows: number;
                /** @description The schedule that asked for it. */
                schedule_id: string | null;
                /** @description The SHA-256 of its file in hexadecimal, once it is ready. */
                sha256: string | null;
                /**
                 * Format: date-time
                 * @description The first moment of its period.
                 */
                since: string;
                /**
                 * Format: int64
                 * @description The bytes of its file, once it is ready.
                 */
                size_bytes: number | null;
                /** @description `waiting`, `rendering`, `ready` or `failed`. */
                state: string;
                /**
                 * Format: date-time
                 * @description The first moment behind its period.
                 */
                until: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_ReportDefinition: {
            /** @description The items, newest first. */
            data: {
                /** @description The columns of a record. */
                columns: components["schemas"]["ReportColumn"][];
                /** @description What is in it. */
                description: string;
                /** @description Columns that can be filtered by. */
                filters: string[];
                /** @description The formats. */
                formats: string[];
                /** @description What records can be counted by. */
                groupings: string[];
                /** @description Figures of a group beside its count. */
                measures: components["schemas"]["ReportColumn"][];
                /** @description Its name. */
                name: string;
                /**
                 * Format: int64
                 * @description The longest period, in milliseconds.
                 */
                period_ms_max: number;
                /** @description The scope that is needed beside those for reports. */
                scope: string;
                /** @description Its title. */
                title: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Schedule: {
            /** @description The items, newest first. */
            data: {
                /**
                 * @description Who made it, or changed or enabled it last: a person or an API key. It ticks with the rights of the author, and is
                 *     paused at its next tick when these do not suffice any more. None where it was not kept yet.
                 */
                author_id?: string | null;
                /** @description What becomes of missed ticks. */
                catch_up: components["schemas"]["CatchUp"];
                /**
                 * Format: date-time
                 * @description When it was made.
                 */
                created_at: string;
                /** @description The cron rule, when it has one. */
                cron?: string | null;
                /** @description Whether it ticks. */
                enabled: boolean;
                /**
                 * Format: int64
                 * @description The interval, when it has one.
                 */
                every_ms?: number | null;
                /** @description Its id. */
                id: string;
                /** @description Why the latest tick started nothing. */
                last_error?: string | null;
                /** @description The job of that tick. */
                last_job_id?: string | null;
                /** @description The report of that tick, when it asked for one. */
                last_report_id?: string | null;
                /**
                 * Format: date-time
                 * @description The time of the last tick that ran.
                 */
                last_tick_at?: string | null;
                /** @description What people call it. */
                name: string;
                /** @description The next five ticks; empty while disabled. */
                next_times: string[];
                /** @description What happens at each tick. */
                target: components["schemas"]["ScheduleTargetDocument"];
                /** @description The zone of the cron rule. */
                timezone?: string | null;
                /**
                 * Format: date-time
                 * @description When somebody last changed it.
                 */
                updated_at: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Session: {
            /** @description The items, newest first. */
            data: {
                /** @description Where the person signed in from. */
                address: string;
                /** @description What the client calls itself. */
                client: string;
                /**
                 * Format: date-time
                 * @description When the person signed in.
                 */
                created_at: string;
                /** @description Whether this request came with it. */
                current: boolean;
                /**
                 * Format: date-time
                 * @description When it ends for good.
                 */
                expires_at: string;
                /** @description Its id. */
                id: string;
                /**
                 * Format: date-time
                 * @description When its tokens were last renewed.
                 */
                last_used_at: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_User: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When the account was made.
                 */
                created_at: string;
                /** @description Whether the person may not sign in. */
                disabled: boolean;
                /** @description The address to sign in with. */
                email: string;
                /** @description The person's id. */
                id: string;
                /** @description Whether the person owns the instance. */
                is_owner: boolean;
                /**
                 * Format: date-time
                 * @description When the person signed in last.
                 */
                last_sign_in_at: string | null;
                /** @description The name. */
                name: string;
                /** @description What the person may do. */
                role: components["schemas"]["Role"];
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Webhook: {
            /** @description The items, newest first. */
            data: {
                /**
                 * Format: date-time
                 * @description When it was created.
                 */
                created_at: string;
                /** @description What it is for. */
                description: string;
                /**
                 * Format: date-time
                 * @description Since when it gets none.
                 */
                disabled_at: string | null;
                /** @description Why it gets none: `owner`, `gone` (410 twice in a row) or `failing` (nothing succeeded for 5 days). */
                disabled_reason: string | null;
                /** @description Whether attempts also carry an Ed25519 signature. */
                ed25519: boolean;
                /** @description Whether it gets events. */
                enabled: boolean;
                /** @description Which events. */
                events: string[];
                /** @description Which `data` it wants. */
                filter: Record<string, never> | null;
                /** @description Headers added to each attempt; values that look like credentials show as `***`. */
                headers: {
                    [key: string]: string;
                };
                /**
                 * @description Its id.
                 * @example wh_01jd3k7q4m8x2b5n6p9r0s1t2v
                 */
                id: string;
                /** @description One delivery at a time, in order. */
                ordered: boolean;
                /**
                 * Format: int32
                 * @description Deliveries per second; null sets no limit.
                 */
                rate_limit: number | null;
                /** @description When failed deliveries are tried again. */
                retry: components["schemas"]["RetryPolicy"];
                /** @description The secret; in the answer to the creation only. */
                secret?: string | null;
                /**
                 * Format: int32
                 * @description Deadline of one attempt; null follows the instance.
                 */
                timeout_ms: number | null;
                /**
                 * Format: date-time
                 * @description When its settings changed last.
                 */
                updated_at: string;
                /** @description Where to send, in canonical form. */
                url: string;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description One page of a list. */
        Page_Worker: {
            /** @description The items, newest first. */
            data: {
                /** @description What it holds now. */
                jobs: components["schemas"]["HeldJob"][];
                last_seen_at?: components["schemas"]["Timestamp"] | null;
                /**
                 * @description What it calls itself; null for one that gives no name.
                 * @example images-7
                 */
                name?: string | null;
                /**
                 * @description The queue it asks.
                 * @example images
                 */
                queue: string;
                since?: components["schemas"]["Timestamp"] | null;
            }[];
            /** @description Pass it as `cursor` for the next page; null on the last one. */
            next_cursor: string | null;
        };
        /** @description The old password and the new one. */
        PasswordInput: {
            /**
             * Format: password
             * @description The present password.
             */
            current_password: string;
            /**
             * Format: password
             * @description 12 to 128 characters, not easy to guess.
             */
            password: string;
        };
        /** @description Whether a queue is paused. */
        PauseDocument: {
            /**
             * @description The queue.
             * @example images
             */
            name: string;
            /** @description Whether nothing of the company starts until it is resumed. */
            paused: boolean;
        };
        /** @description Percentiles of durations, in milliseconds; null where there were none. */
        Percentiles: {
            /**
             * Format: double
             * @description Half took no longer.
             */
            p50: number | null;
            /**
             * Format: double
             * @description 95 % took no longer.
             */
            p95: number | null;
            /**
             * Format: double
             * @description 99 % took no longer.
             */
            p99: number | null;
        };
        /** @description A receiver for trying webhooks. */
        PlayReceiver: {
            /**
             * @description Where it is on this server: requests go there, and a browser shows them there.
             * @example /play/01jd3k7q4m8x2b5n6p9r0s1t2v
             */
            path: string;
            /** @description Names the receiver. */
            token: string;
        };
        /** @description A secret that is on its way out. */
        PreviousWebhookSecret: {
            /**
             * Format: date-time
             * @description When it stops signing; until then the single-value header `X-NovaPulse-Signature` stays on it.
             */
            expires_at: string;
            /** @description Its public key, when there was one. */
            public_key: string | null;
            /** @description The secret. */
            secret: string;
        };
        /** @description Whether the process answers, or takes work. */
        Probe: {
            /**
             * @description `ok`, or the phase the process is in when it is not ready.
             * @example ok
             */
            status: string;
        };
        /** @description An error answer: RFC 9457 problem details. */
        Problem: {
            /** @description What is particular to this occurrence. */
            detail?: string | null;
            /** @description The refused values, when the request was not valid. */
            errors?: components["schemas"]["FieldError"][];
            /** @description The path that was asked for. */
            instance: string;
            /** @description The id under which the request stands in the log. */
            request_id: string;
            /**
             * Format: int32
             * @description The HTTP status again.
             */
            status: number;
            /** @description The same for all occurrences of the code. */
            title: string;
            /**
             * @description Address of the page that explains the code.
             * @example /problems/validation_failed
             */
            type: string;
            /** @description The limits that were exceeded, when the request came too soon. */
            "violated-policies"?: string[];
        };
        /** @description How far a job has come. */
        Progress: {
            /** @description When it was told. */
            at: components["schemas"]["Timestamp"];
            data?: components["schemas"]["RawJson"] | null;
            /**
             * Format: float
             * @description 0 to 100.
             */
            percent?: number | null;
        };
        /** @description How far a job has come. */
        ProgressOrder: {
            data?: components["schemas"]["RawJson"] | null;
            /** @description The token of the lease. */
            lease_token: string;
            /**
             * Format: float
             * @description 0 to 100.
             */
            percent?: number | null;
        };
        /** @description What is kept of it. */
        ProgressTold: {
            /** @description When it was told. */
            at: components["schemas"]["Timestamp"];
        };
        /** @description The token of the first step, and a code or a recovery code. */
        ProofInput: {
            /** @description Six digits. */
            code?: string | null;
            /** @description The token of the first step. */
            mfa_token: string;
            /** @description One of the recovery codes. */
            recovery_code?: string | null;
        };
        /** @description A queue with its settings. */
        Queue: {
            /**
             * @description Its name.
             * @example images
             */
            name: string;
            /** @description Whether nothing of the company starts until it is resumed. */
            paused: boolean;
            /** @description What an operator may set. */
            settings: components["schemas"]["SettingsDocument"];
        };
        /** @description The figures of one queue. */
        QueueFigures: {
            /**
             * Format: int64
             * @description With a worker.
             */
            active: number;
            /**
             * Format: int64
             * @description Stopped, as long as they are kept.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Done, as long as they are kept.
             */
            completed: number;
            /**
             * Format: int32
             * @description Handlers that may run at once in this process.
             */
            concurrency: number;
            /**
             * Format: int64
             * @description Not before their time.
             */
            delayed: number;
            /**
             * Format: int64
             * @description Given up, as long as they are kept: the dead letters.
             */
            failed: number;
            /**
             * Format: double
             * @description Failed among those, 0 to 1.
             */
            failure_rate: number;
            /**
             * Format: int64
             * @description How long the oldest waiting job has waited.
             */
            oldest_waiting_ms?: number | null;
            /** @description Whether nothing starts until it is resumed. */
            paused: boolean;
            /**
             * Format: int64
             * @description Between two attempts.
             */
            retrying: number;
            /**
             * Format: int64
             * @description Jobs completed or failed in the last minute.
             */
            throughput_per_minute: number;
            /**
             * Format: int64
             * @description Ready to be started.
             */
            waiting: number;
            /** @description Handlers that run now and leases held by external workers, over all companies. */
            workers: number;
        };
        /** @description The figures of a queue over time. */
        QueueMetrics: {
            /**
             * @description The queue.
             * @example images
             */
            name: string;
            /** @description The points, the oldest first; the last one is not over yet. */
            points: components["schemas"]["QueueMetricsPoint"][];
            /**
             * Format: int64
             * @description The length of a point.
             */
            step_ms: number;
        };
        /** @description What happened in one step. */
        QueueMetricsPoint: {
            /**
             * Format: int64
             * @description Jobs that were enqueued.
             */
            added: number;
            /**
             * Format: int64
             * @description Jobs that were completed.
             */
            completed: number;
            /**
             * Format: int64
             * @description Jobs that were given up.
             */
            failed: number;
            /**
             * Format: int64
             * @description Attempts that failed and are followed by another one.
             */
            retried: number;
            /** @description Of attempts that ended by themselves. */
            run_ms: components["schemas"]["Percentiles"];
            /**
             * Format: date-time
             * @description When it begins.
             */
            start: string;
            /** @description From a job's place in line to its start. */
            wait_ms: components["schemas"]["Percentiles"];
        };
        /** @description Settings to change; what is left out stays, null sets no limit. */
        QueuePatch: {
            /**
             * Format: int32
             * @description 1 to 1,000.
             */
            attempts?: number | null;
            backoff?: components["schemas"]["BackoffOrder"] | null;
            /**
             * Format: int32
             * @description 1 to 65,536.
             */
            concurrency?: number | null;
            /**
             * Format: int32
             * @description 1 to 65,536, or null.
             */
            group_concurrency?: number | null;
            /**
             * Format: double
             * @description More than 0, or null.
             */
            rate_per_second?: number | null;
            retention?: components["schemas"]["RetentionPatch"] | null;
            /** @description At most 16 paths into payloads; the whole list. */
            search_fields?: string[] | null;
            /**
             * Format: int64
             * @description At least 1, or null.
             */
            timeout_ms?: number | null;
        };
        /** @description A queue with its figures. */
        QueueSummary: components["schemas"]["QueueFigures"] & {
            /**
             * @description Its name.
             * @example images
             */
            name: string;
        };
        /** @description The figures of all queues together. */
        QueueTotals: {
            /**
             * Format: int64
             * @description With a worker.
             */
            active: number;
            /**
             * Format: int64
             * @description Stopped, as long as they are kept.
             */
            cancelled: number;
            /**
             * Format: int64
             * @description Done, as long as they are kept.
             */
            completed: number;
            /**
             * Format: int64
             * @description Not before their time.
             */
            delayed: number;
            /**
             * Format: int64
             * @description Given up, as long as they are kept.
             */
            failed: number;
            /**
             * Format: int64
             * @description How long the oldest waiting job has waited.
             */
            oldest_waiting_ms?: number | null;
            /**
             * Format: int64
             * @description Between two attempts.
             */
            retrying: number;
            /**
             * Format: int64
             * @description Jobs completed or failed in the last minute.
             */
            throughput_per_minute: number;
            /**
             * Format: int64
             * @description Ready to be started.
             */
            waiting: number;
            /** @description Handlers that run now and leases held by external workers. */
            workers: number;
        };
        /** @description What [`send_email`] answers. */
        QueuedEmail: {
            /** @description The id of the e-mail. */
            id: string;
            /** @description The job that sends it. */
            job_id: string;
            /** @description Its `Message-ID`. */
            message_id: string;
            /**
             * @description `queued`.
             * @example queued
             */
            state: string;
        };
        /** @description Any JSON value; kept and handed out exactly as sent. */
        RawJson: unknown;
        /**
         * @description The password and, from somebody with a second factor, a code or a recovery code.
         * @example {
         *       "password": "tram orbit velvet noon"
         *     }
         */
        Reauthentication: {
            /** @description Six digits; with a second factor this or `recovery_code` is needed. */
            code?: string | null;
            /**
             * Format: password
             * @description The password.
             */
            password: string;
            /** @description One of the recovery codes. */
            recovery_code?: string | null;
        };
        /** @description The recovery codes, shown once. */
        RecoveryCodes: {
            /** @description Whether signing in asks for a code from now on. */
            enabled: boolean;
            /** @description Each works once when the app is not at hand. */
            recovery_codes: string[];
        };
        /** @description The refresh token, unless it comes as a cookie. */
        RefreshInput: {
            /** @description The refresh token of the last answer. */
            refresh_token?: string | null;
        };
        /** @description The next tokens. */
        Refreshed: {
            /** @description The next access token; left out when cookies were asked for. */
            access_token?: string | null;
            /** @description Repeated in `X-CSRF-Token`; only when cookies were asked for. */
            csrf_token?: string | null;
            /**
             * Format: int64
             * @description How long the access token is good, in seconds.
             */
            expires_in: number;
            /** @description The next refresh token; the one before is used up. Left out when cookies were asked for. */
            refresh_token?: string | null;
            /** @description How the access token is sent. */
            token_type: string;
        };
        /**
         * @description A company and its admin.
         * @example {
         *       "company_name": "Example Ltd",
         *       "name": "Ada",
         *       "email": "ada@example.com",
         *       "password": "tram orbit velvet noon"
         *     }
         */
        RegisterInput: {
            /** @description What people call the company. */
            company_name: string;
            /** @description The admin's address. */
            email: string;
            /** @description The admin's name. */
            name: string;
            /**
             * Format: password
             * @description 12 to 128 characters, not easy to guess.
             */
            password: string;
        };
        /**
         * @description Who may register.
         * @enum {string}
         */
        Registration: "open" | "invite_only" | "closed";
        /** @description A replay, begun or only counted. */
        Replay: {
            /** @description Whether all were looked at; otherwise there may be more than `matched`. A count looks at 20,000 deliveries. */
            is_complete: boolean;
            /** @description The job that begins the replay; null when only counted. */
            job_id: string | null;
            /**
             * Format: int64
             * @description Deliveries that match now.
             */
            matched: number;
        };
        /**
         * @description Which deliveries to replay.
         * @example {
         *       "since": "2026-01-01T00:00:00.000Z",
         *       "states": [
         *         "failed"
         *       ],
         *       "dry_run": true
         *     }
         */
        ReplayInput: {
            /** @description Only count. */
            dry_run?: boolean | null;
            /** @description Of one of these event types; any when left out. */
            event_types?: string[] | null;
            /**
             * Format: date-time
             * @description Created at this time or later.
             */
            since: string;
            /** @description In one of these states: `succeeded`, `failed`, `cancelled`; `failed` when left out. */
            states?: string[] | null;
            /**
             * Format: date-time
             * @description Created before this time; now when left out.
             */
            until?: string | null;
        };
        /** @description A report. */
        Report: {
            /** @description Its columns; empty with `group_by`. */
            columns: string[];
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            created_at: string;
            /** @description Its definition. */
            definition: string;
            /** @description The e-mail that told the recipients what became of it. */
            email_id: string | null;
            /** @description Why it failed. */
            error: string | null;
            /**
             * Format: date-time
             * @description When it is removed.
             */
            expires_at: string;
            /** @description By column, the values that pass. */
            filters: {
                [key: string]: string[];
            };
            /**
             * Format: date-time
             * @description When it was ready or had failed.
             */
            finished_at: string | null;
            /** @description Its format. */
            format: string;
            /** @description What it counts by. */
            group_by: string | null;
            /** @description Its id. */
            id: string;
            /** @description Whether the data goes on behind its end, because its format has a most of rows. */
            is_truncated: boolean;
            /** @description The job that renders it. */
            job_id: string;
            /** @description What people call it. */
            name: string;
            /** @description Who gets it by e-mail. */
            recipients: string[];
            /**
             * Format: int64
             * @description Its rows; while it is rendered, those read so far.
             */
            rows: number;
            /** @description The schedule that asked for it. */
            schedule_id: string | null;
            /** @description The SHA-256 of its file in hexadecimal, once it is ready. */
            sha256: string | null;
            /**
             * Format: date-time
             * @description The first moment of its period.
             */
            since: string;
            /**
             * Format: int64
             * @description The bytes of its file, once it is ready.
             */
            size_bytes: number | null;
            /** @description `waiting`, `rendering`, `ready` or `failed`. */
            state: string;
            /**
             * Format: date-time
             * @description The first moment behind its period.
             */
            until: string;
        };
        /** @description A column of a definition. */
        ReportColumn: {
            /** @description `text`, `number` or `time`. */
            kind: string;
            /** @description Its name in orders, and in what programs read. */
            name: string;
            /** @description Its head for people. */
            title: string;
        };
        /** @description What a report can be made of. */
        ReportDefinition: {
            /** @description The columns of a record. */
            columns: components["schemas"]["ReportColumn"][];
            /** @description What is in it. */
            description: string;
            /** @description Columns that can be filtered by. */
            filters: string[];
            /** @description The formats. */
            formats: string[];
            /** @description What records can be counted by. */
            groupings: string[];
            /** @description Figures of a group beside its count. */
            measures: components["schemas"]["ReportColumn"][];
            /** @description Its name. */
            name: string;
            /**
             * Format: int64
             * @description The longest period, in milliseconds.
             */
            period_ms_max: number;
            /** @description The scope that is needed beside those for reports. */
            scope: string;
            /** @description Its title. */
            title: string;
        };
        /** @description The time a report is about: `since` and `until`, or `last_ms`. */
        ReportPeriod: {
            /**
             * Format: int64
             * @description So many milliseconds up to now.
             */
            last_ms?: number | null;
            /**
             * Format: date-time
             * @description From this time on.
             */
            since?: string | null;
            /**
             * Format: date-time
             * @description Before this time; now when left out.
             */
            until?: string | null;
        };
        /** @description The token of the link, and the password to be. */
        ResetPasswordInput: {
            /**
             * Format: password
             * @description 12 to 128 characters, not easy to guess.
             */
            password: string;
            /** @description What stands behind the `#` of the link. */
            token: string;
        };
        /** @description What is kept of finished jobs; whichever limit is reached first removes the oldest. */
        Retention: {
            /** @description Completed and cancelled jobs. */
            done: components["schemas"]["Keep"];
            /** @description Failed jobs. */
            failed: components["schemas"]["Keep"];
        };
        /** @description What to keep of finished jobs; what is left out stays. */
        RetentionPatch: {
            /** @description Completed and cancelled jobs. */
            done?: components["schemas"]["KeepPatch"];
            /** @description Failed jobs. */
            failed?: components["schemas"]["KeepPatch"];
        };
        /** @description When failed deliveries are tried again. */
        RetryPolicy: {
            /** @description The delay before each retry, before jitter. */
            delays_ms: number[];
            /**
             * Format: double
             * @description How far a delay may lie above or below, 0 to 1.
             */
            jitter: number;
            /**
             * Format: int32
             * @description Attempts in all.
             */
            max_attempts: number;
            /** @description The preset this equals, if it equals one. */
            preset: string | null;
        };
        /**
         * @description When failed deliveries are tried again: a `preset` alone, or `delays_ms`, or an exponential schedule.
         * @example {
         *       "preset": "standard"
         *     }
         */
        RetryPolicyInput: {
            /**
             * Format: int64
             * @description The first delay; each further one is twice as long. 5000 when left out.
             */
            base_ms?: number | null;
            /**
             * Format: int64
             * @description The longest delay of an exponential schedule. An hour when left out.
             */
            cap_ms?: number | null;
            /** @description One delay per retry, at most 30 of at most 7 days. */
            delays_ms?: number[] | null;
            /**
             * Format: double
             * @description How far a delay may lie above or below the schedule, 0 to 1. 0.2 when left out.
             */
            jitter?: number | null;
            /**
             * Format: int32
             * @description Retries after the first attempt, at most 30.
             */
            max_retries?: number | null;
            /**
             * @description `default` (3 retries after 5 s, 10 s, 20 s), `standard` (10 attempts over 75 h), `patient` (8 attempts over
             *     28 h) or `none`.
             */
            preset?: string | null;
        };
        /**
         * @description What a person may do in the company; each role includes the ones after it.
         * @enum {string}
         */
        Role: "admin" | "manager" | "user";
        /**
         * @description How to rotate.
         * @example {
         *       "grace_seconds": 86400
         *     }
         */
        RotationInput: {
            /**
             * Format: int64
             * @description How long both secrets sign, at most 7 days; 24 h when left out, 0 ends the old one at once.
             */
            grace_seconds?: number | null;
        };
        /** @description A schedule. */
        Schedule: {
            /**
             * @description Who made it, or changed or enabled it last: a person or an API key. It ticks with the rights of the author, and is
             *     paused at its next tick when these do not suffice any more. None where it was not kept yet.
             */
            author_id?: string | null;
            /** @description What becomes of missed ticks. */
            catch_up: components["schemas"]["CatchUp"];
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description The cron rule, when it has one. */
            cron?: string | null;
            /** @description Whether it ticks. */
            enabled: boolean;
            /**
             * Format: int64
             * @description The interval, when it has one.
             */
            every_ms?: number | null;
            /** @description Its id. */
            id: string;
            /** @description Why the latest tick started nothing. */
            last_error?: string | null;
            /** @description The job of that tick. */
            last_job_id?: string | null;
            /** @description The report of that tick, when it asked for one. */
            last_report_id?: string | null;
            /**
             * Format: date-time
             * @description The time of the last tick that ran.
             */
            last_tick_at?: string | null;
            /** @description What people call it. */
            name: string;
            /** @description The next five ticks; empty while disabled. */
            next_times: string[];
            /** @description What happens at each tick. */
            target: components["schemas"]["ScheduleTargetDocument"];
            /** @description The zone of the cron rule. */
            timezone?: string | null;
            /**
             * Format: date-time
             * @description When somebody last changed it.
             */
            updated_at: string;
        };
        /**
         * @description A schedule to make.
         * @example {
         *       "name": "Nightly clean-up",
         *       "cron": "30 3 * * *",
         *       "timezone": "Europe/Berlin",
         *       "target": {
         *         "job": {
         *           "queue": "chores",
         *           "kind": "clean.up",
         *           "payload": {}
         *         }
         *       },
         *       "catch_up": "one"
         *     }
         */
        ScheduleInput: {
            /** @description What becomes of ticks that are more than a minute late, as after an outage; `skip` when left out. */
            catch_up?: components["schemas"]["CatchUp"];
            /**
             * @description 5 fields (minute, hour, day of month, month, day of week), 6 with seconds in front, or `@hourly`, `@daily`, `@weekly`,
             *     `@monthly`, `@yearly`. Names of months and days, lists, ranges, steps, `L`, `W` and `#` are understood; when both days
             *     are restricted, either may fit. Not together with `every_ms`.
             * @example 30 3 * * *
             */
            cron?: string | null;
            /** @description Whether it ticks; true when left out. */
            enabled?: boolean | null;
            /**
             * Format: int64
             * @description A tick every so many milliseconds, the first one interval from now. Not together with `cron`.
             */
            every_ms?: number | null;
            /** @description What people call it. */
            name: string;
            /** @description What happens at each tick. */
            target: components["schemas"]["ScheduleTarget"];
            /**
             * @description The zone of a cron rule, by its IANA name; UTC when left out. A local time that the clock skips ticks at the moment
             *     it is set forward. One that comes twice ticks the first time only, unless the rule names every hour.
             * @example Europe/Berlin
             */
            timezone?: string | null;
        };
        /**
         * @description Changes to a schedule: fields left out stay. A rule of the other kind takes the place of the one it has.
         * @example {
         *       "enabled": false
         *     }
         */
        SchedulePatch: {
            catch_up?: components["schemas"]["CatchUp"] | null;
            /** @description Another cron rule. */
            cron?: string | null;
            /** @description Whether it ticks; what comes while it is disabled does not count as missed. */
            enabled?: boolean | null;
            /**
             * Format: int64
             * @description Another interval.
             */
            every_ms?: number | null;
            /** @description What people call it. */
            name?: string | null;
            target?: components["schemas"]["ScheduleTarget"] | null;
            /** @description Another zone for the cron rule; null is UTC. */
            timezone?: string | null;
        };
        /** @description When a rule would tick. */
        SchedulePreview: {
            /** @description The next five ticks, if the schedule began now. */
            next_times: string[];
        };
        /** @description What running a schedule did. */
        ScheduleRun: {
            /** @description Whether nothing was created because of the unique key. */
            duplicate: boolean;
            /** @description The job, or the one that holds the unique key. */
            job_id: string;
            /** @description The report, when it asks for one. */
            report_id?: string | null;
        };
        /** @description What a schedule starts when it ticks: exactly one of these. */
        ScheduleTarget: {
            job?: components["schemas"]["JobOrder"] | null;
            /**
             * @description Ask for this report: the body of `POST /reports`, with `last_ms` as its period, which ends at the tick. With
             *     `recipients` it is sent to them when it is ready, and so is the reason when it fails.
             */
            report?: Record<string, never> | null;
            /** @description Start a run of this workflow. Not in this version: it is refused with `target_not_available`. */
            workflow?: Record<string, never> | null;
        };
        /** @description What a schedule starts when it ticks. */
        ScheduleTargetDocument: {
            job?: components["schemas"]["JobOrder"] | null;
            /** @description The report that is asked for; its `recipients` and `filters` are for readers of reports (`reports:read`). */
            report?: Record<string, never> | null;
            /** @description The run that is started. */
            workflow?: Record<string, never> | null;
        };
        /**
         * @description How long a unique key holds.
         * @enum {string}
         */
        ScopeWord: "until_started" | "until_finished" | "window";
        /** @description One sign-in. */
        Session: {
            /** @description Where the person signed in from. */
            address: string;
            /** @description What the client calls itself. */
            client: string;
            /**
             * Format: date-time
             * @description When the person signed in.
             */
            created_at: string;
            /** @description Whether this request came with it. */
            current: boolean;
            /**
             * Format: date-time
             * @description When it ends for good.
             */
            expires_at: string;
            /** @description Its id. */
            id: string;
            /**
             * Format: date-time
             * @description When its tokens were last renewed.
             */
            last_used_at: string;
        };
        /**
         * @description The first company, its admin and the token of the first start.
         * @example {
         *       "token": "np_setup_…",
         *       "company_name": "Example Ltd",
         *       "name": "Ada",
         *       "email": "ada@example.com",
         *       "password": "tram orbit velvet noon"
         *     }
         */
        SetUpInput: {
            /** @description What people call the company. */
            company_name: string;
            /** @description The admin's address. */
            email: string;
            /** @description The admin's name. */
            name: string;
            /**
             * Format: password
             * @description 12 to 128 characters, not easy to guess.
             */
            password: string;
            /** @description The token in the address that the first start printed. */
            token: string;
        };
        /** @description What an operator may set; it holds for all companies of the instance. */
        SettingsDocument: {
            /**
             * Format: int32
             * @description Tries of a job that brings no policy of its own.
             */
            attempts: number;
            /** @description The waits between tries of a job that brings no policy of its own. */
            backoff: components["schemas"]["BackoffDocument"];
            /**
             * Format: int32
             * @description Handlers that run at once in this process.
             */
            concurrency: number;
            /**
             * Format: int32
             * @description Jobs of one group that run at once; null sets no limit.
             */
            group_concurrency?: number | null;
            /**
             * Format: double
             * @description Jobs started per second; null sets no limit.
             */
            rate_per_second?: number | null;
            /** @description What is kept of finished jobs. */
            retention: components["schemas"]["Retention"];
            /**
             * @description Paths into payloads, such as `order.id`, whose values jobs accepted since are found by.
             * @example [
             *       "order.id"
             *     ]
             */
            search_fields: string[];
            /**
             * Format: int64
             * @description The longest one attempt may take; null sets no limit.
             */
            timeout_ms?: number | null;
        };
        /** @description The end of one attempt. */
        SettleItem: {
            /** @description No further attempt can help, when failed. */
            discard?: boolean;
            /** @description What went wrong, when failed. */
            error?: string | null;
            /** @description The job. */
            id: components["schemas"]["JobId"];
            /** @description The token of its lease. */
            lease_token: string;
            /** @description How the attempt ended. */
            outcome: components["schemas"]["OutcomeWord"];
            result?: components["schemas"]["RawJson"] | null;
            /**
             * Format: int64
             * @description The wait before the next attempt, when failed.
             */
            retry_after_ms?: number | null;
        };
        /** @description Ends of attempts. */
        SettleOrder: {
            /** @description 1 to 1,000 ends. */
            items: components["schemas"]["SettleItem"][];
        };
        /** @description What the end of an attempt made of the job. */
        SettledDocument: {
            /**
             * Format: int32
             * @description The attempt that ended.
             */
            attempt: number;
            /** @description The job. */
            id: components["schemas"]["JobId"];
            run_at?: components["schemas"]["Timestamp"] | null;
            /**
             * @description Its state now.
             * @example completed
             */
            state: string;
        };
        /** @description What became of one job. */
        SettledItem: {
            /** @description The job. */
            id: components["schemas"]["JobId"];
            /**
             * @description The code of the problem, when it was refused.
             * @example stale_lease
             */
            problem?: string | null;
            run_at?: components["schemas"]["Timestamp"] | null;
            /** @description Its state now; null when it was refused and nothing was changed. */
            state?: string | null;
        };
        /** @description What became of the jobs, in the order sent. */
        SettledItems: {
            /** @description One entry per end. */
            items: components["schemas"]["SettledItem"][];
        };
        /** @description What a person gets who is let in. */
        SignedIn: {
            /** @description Sent as `Authorization: Bearer` with every request; left out when cookies were asked for. */
            access_token?: string | null;
            /** @description Repeated in `X-CSRF-Token`; only when cookies were asked for. */
            csrf_token?: string | null;
            /**
             * Format: int64
             * @description How long the access token is good, in seconds.
             */
            expires_in: number;
            /**
             * @description Whether the company asks for a second factor that is missing: until one is set up with `POST /mfa/setup` and
             *     `POST /mfa/verify`, the session can do nothing else.
             */
            mfa_setup_required: boolean;
            /**
             * @description Whether the password is one that somebody else chose: until another is chosen with `POST /auth/password`, the
             *     session can do nothing else.
             */
            password_change_required: boolean;
            /** @description Good for one refresh; left out when cookies were asked for. */
            refresh_token?: string | null;
            /**
             * @description How the access token is sent.
             * @example Bearer
             */
            token_type: string;
            /** @description The person. */
            user: components["schemas"]["User"];
        };
        /** @description Not now. */
        SnoozeOrder: {
            /**
             * Format: int64
             * @description How long to wait; at most 30 days.
             */
            delay_ms: number;
            /** @description The token of the lease. */
            lease_token: string;
        };
        /** @description What the store and its disk hold. */
        Storage: {
            /**
             * Format: int64
             * @description Group commits since the directory was made.
             */
            commits: number | null;
            committed_at: components["schemas"]["Timestamp"] | null;
            disk: components["schemas"]["StorageDisk"] | null;
            files: components["schemas"]["StorageFiles"] | null;
            /**
             * @description What may be written: `ample` everything, `short` no new work, `exhausted` only what frees space or ends what was begun.
             * @example ample
             */
            headroom: string;
            /** @description What was committed lately, before it is written out to the keyspaces. */
            journals: components["schemas"]["StorageJournals"];
            /** @description The parts of the store. */
            keyspaces: components["schemas"]["StorageKeyspace"][];
            /** @description What the store has in memory. */
            memory: components["schemas"]["StorageMemory"];
            /** @description How files are merged, since the start of the process. */
            merges: components["schemas"]["StorageMerges"];
            /**
             * Format: int64
             * @description Bytes of a file that only takes up space, and is given back when the disk is full.
             */
            reserve_bytes: number;
            /**
             * Format: int64
             * @description Bytes of the store on disk: keyspaces and journals.
             */
            store_bytes: number;
            written_out_at: components["schemas"]["Timestamp"] | null;
        };
        /** @description The disk under the data directory. */
        StorageDisk: {
            /**
             * Format: int64
             * @description Below this everything is refused but what frees space.
             */
            exhausted_below_bytes: number;
            /**
             * Format: int64
             * @description What the server may still write.
             */
            free_bytes: number;
            /**
             * Format: int64
             * @description Below this new work is refused.
             */
            short_below_bytes: number;
            /**
             * Format: int64
             * @description Its size.
             */
            total_bytes: number;
        };
        /** @description Files beside the store. */
        StorageFiles: {
            /**
             * Format: int64
             * @description How many.
             */
            count: number;
            /** @description Whether these are all; otherwise there are more than were counted. */
            is_complete: boolean;
            /**
             * Format: int64
             * @description Their bytes.
             */
            size_bytes: number;
        };
        /** @description What was committed lately. */
        StorageJournals: {
            /**
             * Format: int64
             * @description Their bytes.
             */
            disk_bytes: number;
            /**
             * Format: int64
             * @description Files; many mean a slow start.
             */
            files: number;
        };
        /** @description One part of the store. */
        StorageKeyspace: {
            /**
             * Format: int64
             * @description Their bytes.
             */
            disk_bytes: number;
            /**
             * Format: int64
             * @description Its files.
             */
            files: number;
            /**
             * @description `records` holds bodies and history, `index` small rows that come and go.
             * @example records
             */
            name: string;
            /**
             * Format: int64
             * @description Rows at most, in memory too: older versions and removals count until files are merged.
             */
            rows_max: number;
            /**
             * Format: int64
             * @description Bytes of files that hold rows of several tables. A small store has no others.
             */
            shared_bytes: number;
            /** @description Its tables that have files of their own, the largest first. */
            tables: components["schemas"]["StorageTable"][];
        };
        /** @description What the store has in memory. */
        StorageMemory: {
            /**
             * Format: int64
             * @description The cache of blocks of files.
             */
            cache_bytes: number;
            /**
             * Format: int64
             * @description What the cache may take.
             */
            cache_max_bytes: number;
            /**
             * Format: int64
             * @description Rows that are not yet written out; the journals have them too.
             */
            unwritten_bytes: number;
        };
        /** @description How files are merged. */
        StorageMerges: {
            /**
             * Format: int64
             * @description The time those took together.
             */
            duration_ms: number;
            /**
             * Format: int64
             * @description Since the start of the process.
             */
            ended: number;
            /**
             * Format: int64
             * @description Now.
             */
            running: number;
        };
        /** @description A table with files of its own. */
        StorageTable: {
            /**
             * Format: int64
             * @description Bytes of these files.
             */
            disk_bytes: number;
            /**
             * @description Its name.
             * @example JOBS
             */
            name: string;
            /**
             * @description The part of the server whose rows these are.
             * @example queue
             */
            owner: string;
            /**
             * Format: int64
             * @description Rows in them at most.
             */
            rows_max: number;
        };
        /**
         * Format: date-time
         * @description A point in time, RFC 3339 in UTC with milliseconds.
         * @example 2026-01-31T12:00:00.000Z
         */
        Timestamp: string;
        /** @description At most one job of a key. */
        UniqueOrder: {
            /** @description The key, within the company and queue. */
            key: string;
            scope?: components["schemas"]["ScopeWord"] | null;
            /**
             * Format: int64
             * @description How long, for scope `window`.
             */
            window_ms?: number | null;
        };
        /** @description A URL that webhooks may point at. */
        UrlCheck: {
            /** @description Whether requests to it are encrypted. */
            is_https: boolean;
        };
        /**
         * @description The address to look at.
         * @example {
         *       "url": "https://example.com/hooks"
         *     }
         */
        UrlCheckInput: {
            /** @description The URL. */
            url: string;
        };
        /** @description A person of the company. */
        User: {
            /**
             * Format: date-time
             * @description When the account was made.
             */
            created_at: string;
            /** @description Whether the person may not sign in. */
            disabled: boolean;
            /** @description The address to sign in with. */
            email: string;
            /** @description The person's id. */
            id: string;
            /** @description Whether the person owns the instance. */
            is_owner: boolean;
            /**
             * Format: date-time
             * @description When the person signed in last.
             */
            last_sign_in_at: string | null;
            /** @description The name. */
            name: string;
            /** @description What the person may do. */
            role: components["schemas"]["Role"];
        };
        /**
         * @description A person to add.
         * @example {
         *       "name": "Ada",
         *       "email": "ada@example.com",
         *       "role": "manager",
         *       "password": "tram orbit velvet noon"
         *     }
         */
        UserInput: {
            /** @description The address to sign in with. */
            email: string;
            /** @description The name. */
            name: string;
            /**
             * Format: password
             * @description 12 to 128 characters, not easy to guess; good for one thing, choosing another.
             */
            password: string;
            /** @description What the person may do. */
            role: components["schemas"]["Role"];
        };
        /**
         * @description Changes to a person: fields left out stay.
         * @example {
         *       "role": "manager"
         *     }
         */
        UserPatch: {
            /** @description Keeps the person out and ends all sessions. */
            disabled?: boolean | null;
            /** @description The name. */
            name?: string | null;
            role?: components["schemas"]["Role"] | null;
        };
        /** @description Which build answers. */
        Version: {
            /**
             * @description The version of the API, as in its path.
             * @example v1
             */
            api: string;
            /**
             * @description The name of the program.
             * @example novapulse
             */
            name: string;
            /**
             * @description Its version.
             * @example 0.1.0
             */
            version: string;
        };
        /** @description A webhook. */
        Webhook: {
            /**
             * Format: date-time
             * @description When it was created.
             */
            created_at: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: date-time
             * @description Since when it gets none.
             */
            disabled_at: string | null;
            /** @description Why it gets none: `owner`, `gone` (410 twice in a row) or `failing` (nothing succeeded for 5 days). */
            disabled_reason: string | null;
            /** @description Whether attempts also carry an Ed25519 signature. */
            ed25519: boolean;
            /** @description Whether it gets events. */
            enabled: boolean;
            /** @description Which events. */
            events: string[];
            /** @description Which `data` it wants. */
            filter: Record<string, never> | null;
            /** @description Headers added to each attempt; values that look like credentials show as `***`. */
            headers: {
                [key: string]: string;
            };
            /**
             * @description Its id.
             * @example wh_01jd3k7q4m8x2b5n6p9r0s1t2v
             */
            id: string;
            /** @description One delivery at a time, in order. */
            ordered: boolean;
            /**
             * Format: int32
             * @description Deliveries per second; null sets no limit.
             */
            rate_limit: number | null;
            /** @description When failed deliveries are tried again. */
            retry: components["schemas"]["RetryPolicy"];
            /** @description The secret; in the answer to the creation only. */
            secret?: string | null;
            /**
             * Format: int32
             * @description Deadline of one attempt; null follows the instance.
             */
            timeout_ms: number | null;
            /**
             * Format: date-time
             * @description When its settings changed last.
             */
            updated_at: string;
            /** @description Where to send, in canonical form. */
            url: string;
        };
        /** @description A span of the series. */
        WebhookBucket: {
            /**
             * Format: int64
             * @description Attempts that failed.
             */
            failed: number;
            /**
             * Format: double
             * @description 95 % of the answers came within this time.
             */
            p95_ms: number | null;
            /**
             * Format: date-time
             * @description When it begins.
             */
            start: string;
            /**
             * Format: int64
             * @description Attempts answered with 2xx.
             */
            succeeded: number;
        };
        /** @description One hour of the sparkline. */
        WebhookHour: {
            /**
             * Format: int64
             * @description Attempts in the hour.
             */
            attempts: number;
            /**
             * Format: int64
             * @description Those of them that failed.
             */
            failed: number;
        };
        /**
         * @description A webhook to create.
         * @example {
         *       "url": "https://example.com/hooks",
         *       "events": [
         *         "order.*"
         *       ],
         *       "description": "Orders"
         *     }
         */
        WebhookInput: {
            /** @description What it is for. */
            description?: string | null;
            /** @description Whether attempts also carry an Ed25519 signature (`v1a`). */
            ed25519?: boolean | null;
            /** @description Whether it gets events; true when left out. */
            enabled?: boolean | null;
            /** @description Which events: exact names, `*`, or prefixes such as `order.*`. */
            events: string[];
            /** @description Which `data` it wants, as a filter of fields and operators. */
            filter?: Record<string, never> | null;
            /** @description Headers to add to each attempt, at most 20. */
            headers?: {
                [key: string]: string;
            } | null;
            /** @description One delivery at a time, in order; a failing one holds back those behind it. */
            ordered?: boolean | null;
            /**
             * Format: int32
             * @description Deliveries per second; no limit when left out.
             */
            rate_limit?: number | null;
            retry?: components["schemas"]["RetryPolicyInput"] | null;
            /** @description The secret; a new one when left out. Its key must have 24 to 75 bytes. */
            secret?: string | null;
            /**
             * Format: int32
             * @description Deadline of one attempt; 15 s when left out.
             */
            timeout_ms?: number | null;
            /** @description Where to send: `http` or `https`, without credentials, at a public address. */
            url: string;
        };
        /** @description A failed attempt in short. */
        WebhookLastError: {
            /**
             * Format: date-time
             * @description When it ended.
             */
            at: string;
            /** @description Why, in words. */
            reason: string;
            /**
             * Format: int32
             * @description HTTP status of the answer, when there was one.
             */
            status: number | null;
        };
        /**
         * @description Changes to a webhook: fields left out stay, null sets the default.
         * @example {
         *       "enabled": false
         *     }
         */
        WebhookPatch: {
            /** @description What it is for. */
            description?: string | null;
            /** @description Whether attempts also carry an Ed25519 signature. */
            ed25519?: boolean | null;
            /** @description Whether it gets events; enabling forgets past failures. */
            enabled?: boolean | null;
            /** @description Which events. */
            events?: string[] | null;
            /** @description Merged into the filter; null removes it. */
            filter?: Record<string, never> | null;
            /** @description Headers by name; null removes one. A value of `***` leaves a hidden one as it is. */
            headers?: {
                [key: string]: string | null;
            } | null;
            /** @description One delivery at a time, in order. */
            ordered?: boolean | null;
            /**
             * Format: int32
             * @description Deliveries per second.
             */
            rate_limit?: number | null;
            retry?: components["schemas"]["RetryPolicyInput"] | null;
            /** @description Replaces the secret at once; to have both sign for a while, rotate instead. */
            secret?: string | null;
            /**
             * Format: int32
             * @description Deadline of one attempt.
             */
            timeout_ms?: number | null;
            /** @description Where to send. */
            url?: string | null;
        };
        /** @description The secrets of a webhook. */
        WebhookSecret: {
            previous: components["schemas"]["PreviousWebhookSecret"] | null;
            /**
             * @description The public key of `v1a` signatures, when there are any.
             * @example whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=
             */
            public_key: string | null;
            /**
             * @description The secret that signs.
             * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
             */
            secret: string;
        };
        /** @description What happened to a webhook. */
        WebhookStats: {
            /**
             * Format: int64
             * @description Attempts in the window.
             */
            attempts: number;
            /**
             * Format: int64
             * @description Deliveries pending now.
             */
            backlog: number;
            /** @description The circuit breaker: `closed`, `open` or `half_open`. */
            breaker: string;
            /**
             * Format: int64
             * @description Deliveries given up.
             */
            exhausted: number;
            /**
             * Format: int64
             * @description Attempts that failed.
             */
            failed: number;
            /**
             * Format: date-time
             * @description Since when nothing has succeeded; null after a success.
             */
            failing_since: string | null;
            last_error: components["schemas"]["WebhookLastError"] | null;
            /**
             * Format: date-time
             * @description When an open breaker lets a probe through.
             */
            next_probe_at: string | null;
            /**
             * Format: double
             * @description Half of the answers came within this time.
             */
            p50_ms: number | null;
            /**
             * Format: double
             * @description 95 % of the answers came within this time.
             */
            p95_ms: number | null;
            /** @description The window in minutes (`1h`) or hours, oldest first; those without attempts are left out. */
            series: components["schemas"]["WebhookBucket"][];
            /**
             * Format: date-time
             * @description When it begins.
             */
            since: string;
            /** @description The last 24 hours, oldest first. */
            sparkline: components["schemas"]["WebhookHour"][];
            /**
             * Format: int64
             * @description Attempts answered with 2xx.
             */
            succeeded: number;
            /**
             * Format: double
             * @description Share of attempts that succeeded, 0 to 1; null without attempts.
             */
            success_rate: number | null;
            /** @description The window. */
            window: string;
        };
        /** @description A test that was sent. */
        WebhookTest: components["schemas"]["Attempt"] & {
            /** @description The delivery in the log. */
            delivery_id: string;
            /** @description The event that was sent. */
            event_id: string;
            /** @description `succeeded` or `failed`. */
            state: string;
        };
        /** @description An external worker. */
        Worker: {
            /** @description What it holds now. */
            jobs: components["schemas"]["HeldJob"][];
            last_seen_at?: components["schemas"]["Timestamp"] | null;
            /**
             * @description What it calls itself; null for one that gives no name.
             * @example images-7
             */
            name?: string | null;
            /**
             * @description The queue it asks.
             * @example images
             */
            queue: string;
            since?: components["schemas"]["Timestamp"] | null;
        };
    };
    responses: {
        /** @description Refused or failed; `type` tells why. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
        IdempotencyKey: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_api_keys: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_api_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeyInput"];
            };
        };
        responses: {
            /** @description Made; the secret is in this answer only */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewApiKey"];
                };
            };
            /** @description Refused, with the reason */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    revoke_api_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused from now on */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_audit_entries: {
        parameters: {
            query?: {
                /** @description Entries in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description A person's or key's id, or a kind of actor. */
                actor?: string;
                /** @description An action, or its part before the dot. */
                action?: string;
                /** @description An object. */
                object?: string;
                /** @description Not before this time. */
                since?: string;
                /** @description Before this time. */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AuditEntry"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    export_audit_entries: {
        parameters: {
            query?: {
                /** @description `ndjson` or `csv`. */
                format?: string;
                /** @description Only entries after this number: the `X-Next-After` of the answer before. */
                after?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines of JSON or CSV, each with the hash of its place in the chain */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_invites: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The invitations */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Invite"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_invite: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InviteInput"];
            };
        };
        responses: {
            /** @description Invited; the token is in this answer and in the message to the person */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewInvite"];
                };
            };
            /** @description The address has an account */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    accept_invite: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AcceptInput"];
            };
        };
        responses: {
            /** @description Joined and signed in */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The invitation is not valid any more */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_invite: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The invitation's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Withdrawn */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogInInput"];
            };
        };
        responses: {
            /** @description Signed in, or a second factor is asked for */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogIn"];
                };
            };
            /** @description Address or password are not right */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many tries; `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    log_in_mfa: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProofInput"];
            };
        };
        responses: {
            /** @description Signed in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The token is over */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The code is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many tries; `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out; the tokens are refused from now on */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    log_out_everywhere: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out everywhere, here too */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordInput"];
            };
        };
        responses: {
            /** @description Changed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with the reason: the present password is wrong, or the new one is weak, stolen or the same */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    forgot_password: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgotInput"];
            };
        };
        responses: {
            /** @description If there is such an account, a link is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The text is no e-mail address */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many requests; `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    reset_password: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetPasswordInput"];
            };
        };
        responses: {
            /** @description Changed; the link is used up */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The link is not valid any more */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The password is refused, with the reason; the link stays good */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    reauthenticate: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reauthentication"];
            };
        };
        responses: {
            /** @description The tokens of the new session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refreshed"];
                };
            };
            /** @description The password or code is wrong, or a code is missing */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many tries; `Retry-After` says when */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshInput"];
            };
        };
        responses: {
            /** @description The next tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refreshed"];
                };
            };
            /** @description The token is not valid, or was used before */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterInput"];
            };
        };
        responses: {
            /** @description Made and signed in */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description Registration is not open */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The address is taken */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Session"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ended; its tokens are refused from now on */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    set_up: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetUpInput"];
            };
        };
        responses: {
            /** @description Made and signed in */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description The token is not valid */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Set up already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_changes: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before; from the oldest that is kept when left out; `end` begins with what comes next. */
                after?: string;
                /** @description Changes in a page, 1 to 250; 50 when left out. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Some changes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesPage"];
                };
            };
            /** @description What follows the cursor was removed */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_company: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The company */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Company"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    update_company: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompanyPatch"];
            };
        };
        responses: {
            /** @description The company now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Company"];
                };
            };
            /** @description The policy changes and the password was not shown of late */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Asked for second factors without having one */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_company_stats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompanyStats"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_delivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The delivery's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    cancel_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The delivery's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is cancelled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is finished */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    retry_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The delivery's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is due now */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is due anyway, or its webhook or event is gone */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_departments: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The departments */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Department"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_department: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DepartmentInput"];
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Department"];
                };
            };
            /** @description The name is taken */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_department: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The department's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The department */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Department"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_department: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The department's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_department: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The department's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DepartmentPatch"];
            };
        };
        responses: {
            /** @description The department now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Department"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The name is taken */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_members: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The department's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The people */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_User"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    add_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The department's id */
                id: string;
                /** @description The person's id */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person is in it */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not one of the manager's departments */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The department's id */
                id: string;
                /** @description The person's id */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Not in it any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not one of the manager's departments */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there, or not in it */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_email_templates: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of templates */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_EmailTemplate"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_email_template: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailTemplateInput"];
            };
        };
        responses: {
            /** @description The template */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailTemplate"];
                };
            };
            /** @description There is one of that name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_email_template: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The template */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailTemplate"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    put_email_template: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailTemplateReplacement"];
            };
        };
        responses: {
            /** @description The template as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailTemplate"];
                };
            };
            /** @description The template, which is new */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailTemplate"];
                };
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_email_template: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_email_template: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailTemplatePatch"];
            };
        };
        responses: {
            /** @description The template as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailTemplate"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    preview_email_template: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailPreviewInput"];
            };
        };
        responses: {
            /** @description The template filled in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailPreview"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It cannot be filled in with these variables */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_emails: {
        parameters: {
            query?: {
                /** @description In this state: `queued`, `retrying`, `sent` or `failed`. */
                state?: string;
                /** @description To this address, in whichever way. */
                to?: string;
                /** @description Made from this template. */
                template?: string;
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of e-mails */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Email"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    send_email: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmailInput"];
            };
        };
        responses: {
            /** @description The e-mail is queued */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueuedEmail"];
                };
            };
            /** @description Too many e-mails of the company wait to be sent */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_email: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The e-mail */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailDetail"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_event_types: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of event types */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_EventType"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_event_type: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventTypeInput"];
            };
        };
        responses: {
            /** @description The event type */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventType"];
                };
            };
            /** @description There is one of that name */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_event_type: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event type */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventType"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_event_type: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_event_type: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventTypePatch"];
            };
        };
        responses: {
            /** @description The event type as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventType"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description Only of this type. */
                type?: string;
                /** @description Accepted at this time or later. */
                since?: string;
                /** @description Accepted before this time. */
                until?: string;
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events; one that looked far without finding, or whose events are large, may be short or empty and still have a `next_cursor` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Event"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_event: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventInput"];
            };
        };
        responses: {
            /** @description The event and its deliveries are stored */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedEvent"];
                };
            };
            /** @description The id belongs to an event with other content */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    create_events: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchInput"];
            };
        };
        responses: {
            /** @description All are stored */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedEvents"];
                };
            };
            /** @description An id belongs to an event with other content; nothing was stored */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The event's id, or the one its sender gave */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    replay_event: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The event's id, or the one its sender gave */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new deliveries are due */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventReplay"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_failures: {
        parameters: {
            query?: {
                /** @description Of this queue. */
                queue?: string;
                /** @description Of this kind. */
                kind?: string;
                /** @description `next_cursor` of the answer before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Some groups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorGroupsPage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Works; `status` may be `degraded` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Not ready, or a part is down */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_liveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Probe"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Takes work */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Probe"];
                };
            };
            /** @description Starting, stopping, or a part is down */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Probe"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_jobs: {
        parameters: {
            query?: {
                /** @description Of this queue. */
                queue?: string;
                /** @description In this state. */
                state?: string;
                /** @description Of this kind. */
                kind?: string;
                /** @description With this tag. */
                tag?: string;
                /** @description Of this group. */
                group?: string;
                /** @description Failed with an error like this: a `fingerprint` of `GET /failures`. */
                error?: string;
                /** @description Children of this job. */
                parent?: string;
                /**
                 * @description `payload.order.id:123` finds the value at a path of the payload, from an index when the queue names the path in
                 *     `search_fields`; any other text, of at most 256 bytes, is looked for in the payload as it was sent.
                 * @example payload.order.id:123
                 */
                q?: string;
                /** @description Accepted at this time or later. */
                since?: components["schemas"]["Timestamp"];
                /** @description Accepted before this time. */
                until?: components["schemas"]["Timestamp"];
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of jobs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ListedJob"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobOrder"];
            };
        };
        responses: {
            /** @description A job with the unique key exists */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedJob"];
                };
            };
            /** @description Enqueued */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedJob"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    act_on_jobs: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ActionOrder"];
            };
        };
        responses: {
            /** @description What a dry run counted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionDocument"];
                };
            };
            /** @description It has begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ActionDocument"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_jobs: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchOrder"];
            };
        };
        responses: {
            /** @description All are enqueued */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcceptedBatch"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    settle_jobs: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettleOrder"];
            };
        };
        responses: {
            /** @description What became of each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledItems"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobDetail"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not finished, or the server runs it itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JobPatch"];
            };
        };
        responses: {
            /** @description The job as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobDetail"];
                };
            };
            /** @description It is active, or finished and was to get a time, or the server runs it itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `If-Match` names another version */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    cancel_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Cancelled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description It is finished already, or the server runs it itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_job_children: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of children */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ChildJob"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    complete_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompleteOrder"];
            };
        };
        responses: {
            /** @description It is done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledDocument"];
                };
            };
            /** @description The lease is not held any more; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    fail_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FailOrder"];
            };
        };
        responses: {
            /** @description What became of the job */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledDocument"];
                };
            };
            /** @description The lease is not held any more; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    heartbeat_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HeartbeatOrder"];
            };
        };
        responses: {
            /** @description The job is held on, or cancelled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeartbeatDocument"];
                };
            };
            /** @description The lease is not held any more: stop working on the job */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_job_log: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of lines */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_LogLine"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    append_job_log: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogOrder"];
            };
        };
        responses: {
            /** @description They are kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogKept"];
                };
            };
            /** @description The lease is not held any more, or the log is full; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    report_job_progress: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProgressOrder"];
            };
        };
        responses: {
            /** @description It is kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProgressTold"];
                };
            };
            /** @description The lease is not held any more; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    promote_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It waits for a worker */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description It is neither delayed nor retrying, or the server runs it itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    retry_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It waits again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description It is not finished, or the server runs it itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    snooze_job: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["schemas"]["JobId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SnoozeOrder"];
            };
        };
        responses: {
            /** @description It is delayed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettledDocument"];
                };
            };
            /** @description The lease is not held any more; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_mailbox: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The messages */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Message"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description A metrics token is configured and was not given */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_mfa: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The second factor */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mfa"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    disable_mfa: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DisableInput"];
            };
        };
        responses: {
            /** @description Removed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Mfa"];
                };
            };
            /** @description There is none */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The code or password is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    renew_recovery_codes: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeInput"];
            };
        };
        responses: {
            /** @description The new ones; the old ones no longer work */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            /** @description There is no second factor */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The code is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    set_up_mfa: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the app needs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MfaSetup"];
                };
            };
            /** @description There is a second factor already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    verify_mfa: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CodeInput"];
            };
        };
        responses: {
            /** @description Enabled; the recovery codes are in this answer only */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            /** @description Not set up, or enabled already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The code is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_notifications: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The notifications */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NotificationsPage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    read_notifications: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NotificationsSeen"];
            };
        };
        responses: {
            /** @description Marked */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    read_notification: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The notification's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Marked */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there, or not for the person */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    create_play_receiver: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The receiver */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlayReceiver"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_queue_stats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllFigures"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_queues: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The queues */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_QueueSummary"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_queue: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The queue */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Queue"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    update_queue: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["QueuePatch"];
            };
        };
        responses: {
            /** @description The queue as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Queue"];
                };
            };
            /** @description `If-Match` names another version */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    drain_queue: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DrainOrder"];
            };
        };
        responses: {
            /** @description What waited is cancelled, or counted */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DrainDocument"];
                };
            };
            /** @description The server runs the jobs of this queue itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_queue_failures: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Failures"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_queue_groups: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups, by their key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_LimitedGroup"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    limit_queue_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                /** @description The `group_key` */
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupOrder"];
            };
        };
        responses: {
            /** @description The limits are in force */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitedGroup"];
                };
            };
            /** @description The company has no such queue */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The server runs the jobs of this queue itself, or too many groups have limits */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    unlimit_queue_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
                /** @description The `group_key` */
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has no limits of its own */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has none, or the company has no such queue */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    lease_jobs: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LeaseOrder"];
            };
        };
        responses: {
            /** @description The jobs, perhaps none */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LeasedJobs"];
                };
            };
            /** @description The server runs the jobs of this queue itself */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_queue_metrics: {
        parameters: {
            query?: {
                /** @description How far back: a number of minutes, hours or days, as `90m`, `24h`, `7d`; at most `30d`, `1h` when left out. */
                window?: string;
                /**
                 * @description The length of one point, in the same form; chosen for about 60 points when left out, and at most 1,500.
                 * @example 5m
                 */
                step?: string;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueueMetrics"];
                };
            };
            /** @description The company has no such queue */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    pause_queue: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is paused */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PauseDocument"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    resume_queue: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PauseDocument"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_report_definitions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The definitions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ReportDefinition"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_reports: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The reports */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Report"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_report: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewReport"];
            };
        };
        responses: {
            /** @description It will be rendered */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description The caller may not read what it is made of */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The company has as many reports as it may */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused, with the reasons */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The report */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Gone; its file is removed soon after */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    download_report: {
        parameters: {
            query?: never;
            header?: {
                /** @description One range of bytes, such as `bytes=0-999` */
                Range?: string | null;
            };
            path: {
                /** @description The report's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": number[];
                };
            };
            /** @description The part that was asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": number[];
                };
            };
            /** @description The caller has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The caller may not read what it is made of */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there, or expired */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has no file: it is not ready, or failed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The range lies behind the end */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_schedules: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of schedules */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Schedule"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_schedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScheduleInput"];
            };
        };
        responses: {
            /** @description Made, with its next five ticks */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description The company has as many schedules as it may */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The rule, the time zone or the target cannot be */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    preview_schedule: {
        parameters: {
            query?: {
                /**
                 * @description A cron rule. Not together with `every_ms`.
                 * @example 30 3 * * *
                 */
                cron?: string;
                /** @description An interval in milliseconds. */
                every_ms?: number;
                /**
                 * @description The zone of the cron rule; UTC when left out.
                 * @example Europe/Berlin
                 */
                timezone?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The next five ticks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulePreview"];
                };
            };
            /** @description The rule or the time zone cannot be */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_schedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The schedule's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schedule */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_schedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The schedule's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted; it does not tick any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_schedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The schedule's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SchedulePatch"];
            };
        };
        responses: {
            /** @description The schedule as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    run_schedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The schedule's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A job holds the unique key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRun"];
                };
            };
            /** @description It is started */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleRun"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The target is not allowed any more */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_settings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The settings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InstanceSettings"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    update_settings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InstanceSettingsPatch"];
            };
        };
        responses: {
            /** @description The settings now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InstanceSettings"];
                };
            };
            /** @description They are not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_storage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What they hold */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Storage"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    get_stream: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the last event that was seen */
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events until one side ends it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description The company has as many streams as it may */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The people */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_User"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserInput"];
            };
        };
        responses: {
            /** @description Added */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The address is taken */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The person's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The person */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The person's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed, with all sessions */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An owner of the instance, and the caller is none */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The last admin or the owner */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The person's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserPatch"];
            };
        };
        responses: {
            /** @description The person now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description An owner of the instance, and the caller is none; or the role changes and the password was not shown of late */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The last admin or the owner */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    remove_user_mfa: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The person's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An owner of the instance, and the caller is none; or the caller */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is no second factor */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    end_user_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The person's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out everywhere */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An owner of the instance, and the caller is none */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_version: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The version */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of webhooks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Webhook"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    create_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookInput"];
            };
        };
        responses: {
            /** @description The webhook, with its secret */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The company has as many webhooks as it may */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    check_webhook_url: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UrlCheckInput"];
            };
        };
        responses: {
            /** @description It may */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UrlCheck"];
                };
            };
            /** @description It may not, with the reason */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted; nothing more is sent */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    update_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookPatch"];
            };
        };
        responses: {
            /** @description The webhook as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is not what `If-Match` names */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_webhook_logs: {
        parameters: {
            query?: {
                /** @description Only in these states, separated by commas: `pending`, `succeeded`, `failed`, `cancelled`. */
                state?: string;
                /** @description Only of these event types, separated by commas. */
                event_type?: string;
                /** @description Created at this time or later. */
                since?: string;
                /** @description Created before this time. */
                until?: string;
                /** @description Items in a page, 1 to 250; 50 when left out. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries; one that looked far without finding may be empty and still have a `next_cursor` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Delivery"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    replay_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayInput"];
            };
        };
        responses: {
            /** @description The count, with `dry_run` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
            /** @description The replay has begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replay"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The webhook is disabled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    rotate_webhook_secret: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotationInput"];
            };
        };
        responses: {
            /** @description The secrets now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSecret"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_webhook_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The secret */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSecret"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    get_webhook_stats: {
        parameters: {
            query?: {
                /** @description `1h`, `24h`, `7d` or `30d`; `24h` when left out. */
                window?: string;
            };
            header?: never;
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookStats"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    test_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters; a repetition gets the first answer again. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description The webhook's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The attempt, whether it succeeded or not */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookTest"];
                };
            };
            /** @description Not there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    list_workers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The workers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Worker"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}
