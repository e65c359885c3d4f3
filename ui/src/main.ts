// The page starts here.
import { mount } from 'svelte';
import './styles/app.css';
import Main from './app/Main.svelte';

mount(Main, { target: document.getElementById('app')! });
