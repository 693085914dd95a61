import { Combobox, Modal, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { groups, metersNamed, topDecisions } from '../api/questions';
import { addressOf } from '../app/address';
import { useDecisionMode } from '../decisions/mode';
import { type Match, matching, pages } from './matches';
import classes from './Palette.module.css';

/** Palette finds a page, a meter, a group or a decision by a few letters. */
export function Palette({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} withCloseButton={false} title="Go to" size="lg" yOffset="12vh" classNames={{ header: classes.hidden, body: classes.body }}>
      {opened && <Search close={close} />}
    </Modal>
  );
}

function Search({ close }: { close: () => void }) {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const found = useMatches(text);
  const box = useCombobox({ opened: true });
  const places = found.flatMap((s) => s.matches.map((m) => m.to)).join();
  useEffect(() => {
    box.selectFirstOption();
  }, [places]); // not of the store, which is another object each time

  function go(to: string) {
    close();
    navigate(to);
  }

  return (
    <Combobox store={box} onOptionSubmit={go} classNames={{ groupLabel: classes.kind, option: classes.option }}>
      <Combobox.EventsTarget>
        <TextInput aria-label="Go to a page, meter, group or decision" placeholder="A page, meter, group or decision" size="md" value={text} onChange={(e) => setText(e.currentTarget.value)} data-autofocus />
      </Combobox.EventsTarget>
      <Combobox.Options className={classes.options} aria-label="Places">
        {found.map((s) => (
          <Combobox.Group key={s.kind} label={s.kind}>
            {s.matches.map((m) => (
              <Combobox.Option key={m.to} value={m.to}>
                <span className={classes.label}>{m.label}</span>
                {m.note && <span className={classes.note}>{m.note}</span>}
              </Combobox.Option>
            ))}
          </Combobox.Group>
        ))}
        {found.length === 0 && <Combobox.Empty>Nothing has this name</Combobox.Empty>}
      </Combobox.Options>
    </Combobox>
  );
}

const mostOfKind = 6;

/** useMatches are the places that match a text, by kind. Meters are found by the API: there may be many. */
function useMatches(text: string): { kind: string; matches: Match[] }[] {
  const [asked] = useDebouncedValue(text.trim(), 150);
  const groupList = useQuery(groups).data?.data ?? [];
  const decisionList = useQuery(topDecisions(useDecisionMode())).data?.data ?? [];
  const meterList = useQuery({ ...metersNamed(asked), enabled: asked !== '' }).data?.data ?? [];
  const sections = [
    { kind: 'Pages', matches: matching(pages, text, pages.length) },
    { kind: 'Groups', matches: matching(groupList.map((g) => ({ to: addressOf('groups', g.id), label: g.id })), text, mostOfKind) },
    { kind: 'Meters', matches: asked === '' ? [] : matching(meterList.map((m) => ({ to: addressOf('meters', m.id), label: m.id, ...(m.group && { note: m.group }) })), text, mostOfKind) },
    {
      kind: 'Decisions',
      matches: matching(decisionList.map((d) => ({ to: addressOf('decisions', d.id), label: d.meter ?? d.group ?? '', note: d.title })), text, mostOfKind),
    },
  ];
  return sections.filter((s) => s.matches.length > 0);
}
