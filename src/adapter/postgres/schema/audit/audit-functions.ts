/** What functions of ours find things by. */
export const functionPath = 'search_path=pg_catalog, public, pg_temp'

/** A chain begins at its beginning, but for the owner. */
export const beginSource = `
    begin
      if pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'member') then
        return new;
      end if;
      if new.kind not in ('changes', 'server') or new.sequence <> 0 or new.settled <> 0 or new.anchor_sequence <> 0
        or new.anchor_mac is not null or new.anchor_seal is not null
      then
        raise exception 'a chain begins at its beginning' using errcode = '42501';
      end if;
      return new;
    end `

/** Nothing is changed or removed, but for maintenance. */
export const refuseSource = `
    begin
      if audit_maintained(tg_relid) then
        return coalesce(new, old);
      end if;
      raise exception 'rows of % are only added', tg_table_name using errcode = '42501';
    end `

/** A chain only grows, but for maintenance. */
export const forwardSource = `
    begin
      if audit_maintained(tg_relid) then
        return coalesce(new, old);
      end if;
      if tg_op = 'DELETE' or new.sequence < old.sequence or new.settled < old.settled
        or (new.name, new.kind, new.place, new.key, new.anchor_sequence, new.anchor_mac, new.anchor_seal)
          is distinct from (old.name, old.kind, old.place, old.key, old.anchor_sequence, old.anchor_mac, old.anchor_seal)
      then
        raise exception 'a chain only grows' using errcode = '42501';
      end if;
      return new;
    end `

/** Whether the owner of a table says that changing it is what it means to do. */
export const maintainedSource = `
      select coalesce(current_setting('authsec.audit_maintenance', true), '') = 'on'
        and pg_has_role(current_user, (select relowner from pg_class where oid = of), 'member')
    `

/** The intents of a chain that no outcome has followed. */
export const unsettledSource = `
        select e.type, e.issuer, e.subject, e.client_id, e.request_id, e.intent_id, e.trace_id, e.operation
        from audit_event e
        where e.chain = of and e.sequence > beyond and e.intent_id is not null
          and e.type in ('operation.allowed', 'credential.read')
          and not exists (
            select from audit_event o
            where o.request_id = e.request_id and o.intent_id = e.intent_id
              and o.type in ('operation.outcome', 'credential.outcome')
          )
        order by e.sequence
      `

/** The same among so many numbers, and as one of the installation whose key seals the chain knows it. */
export const openIntentsSource = `
        with open as materialized (
          select e.*
          from public.audit_event e
          where e.chain = of and e.sequence > beyond and e.sequence <= beyond + numbers and e.intent_id is not null
            and e.type in ('operation.allowed', 'credential.read')
            and not exists (
              select from public.audit_event o
              where o.request_id = e.request_id and o.intent_id = e.intent_id
                and o.type in ('operation.outcome', 'credential.outcome')
                -- No join: the chain is no way to find an outcome.
                and (select c.key from public.audit_chain c where c.name = o.chain)
                  = (select k.key from public.audit_chain k where k.name = of)
            )
        )
        select
          (select min(b.sequence) - 1 from public.audit_event b where b.chain = of and b.sequence > beyond + numbers),
          e.type, e.issuer, e.subject, e.client_id, e.request_id, e.intent_id, e.trace_id, e.operation
        from (values (1)) as always left join open e on true
        order by e.sequence
      `

/** Whole rows of intents without an outcome, by what they are called. */
export const intentsSource = `
        select
          e.id::float8, (extract(epoch from e.at) * 1000000::numeric)::float8, e.sequence::float8, e.type, e.issuer, e.subject,
          e.client_id, e.request_id, e.intent_id, e.trace_id, e.operation, e.reason, e.milliseconds,
          e.detail, jsonb_typeof(e.detail), e.personal, jsonb_typeof(e.personal), e.count, e.salt, e.commitment, e.mac,
          e.erased_by, e.erasure_seal,
          case when c.anchor_sequence = e.sequence - 1::bigint then c.anchor_mac
            else (select b.mac from public.audit_event b where b.chain = e.chain and b.sequence = e.sequence - 1::bigint) end
        from unnest(requests, intents) as named (request_id, intent_id)
        join public.audit_event e on e.request_id = named.request_id and e.intent_id = named.intent_id
        join public.audit_chain c on c.name = e.chain
        where e.chain = of and e.sequence > beyond and e.type in ('operation.allowed', 'credential.read')
          and not exists (
            select from public.audit_event o
            where o.request_id = e.request_id and o.intent_id = e.intent_id
              and o.type in ('operation.outcome', 'credential.outcome')
              and (select k.key from public.audit_chain k where k.name = o.chain) = c.key
          )
      `

/** Whether a row stands, of which the seal is known. */
export const standsSource = `
        select exists (
          select from public.audit_event e
          where e.chain = audit_stands.of and e.sequence = audit_stands.at and e.mac = audit_stands.seal
        )
      `
